import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import {
  CatalogueImages,
  CatalogueStore,
  IMPORT_OUTCOMES,
  planImport,
  type ImportPlan,
  type CatalogueSlice,
} from '../../catalogue/index.js';
import { compareVersions } from '../../catalogue/words/index.js';
import { Clock } from '../../common/clock.js';
import { conflict, invalidField } from '../../common/errors/index.js';
import { newId } from '../../common/ids.js';
import { replaceUnstorable } from '../../common/storable-text.js';
import { roundTo } from '../../common/wire.js';
import { PostureChanges, PostureRows } from '../../posture/index.js';
import { carryOver } from '../carry-over/carry-over.js';
import { MAX_NAMED_IDS, NAMED_OUTCOMES, type CatalogueImportResult } from './catalogue-import.result.js';

export interface ImportSliceOptions {
  /** The source of the slice, for people: `shipped`, `cli: FILE` or `upload: FILE`. */
  source: string;
  /** Id of the user or API key that requested the import. */
  importedBy: string | null;
  /** Imports a release older than the loaded one. By default that is refused. */
  allowOlder?: boolean;
  /** Copies the posture of revoked techniques to their replacements; true by default. */
  carryOver?: boolean;
  /** `performance.now()` at the start of the work; by default the start of the import. */
  startedMs?: number;
}

interface Written {
  tactics: { added: number; changed: number };
  carriedOver: number;
}

type Origin = Pick<
  CatalogueImportResult,
  'id' | 'attack_version' | 'previous_attack_version' | 'source' | 'imported_by' | 'created_at'
>;

/**
 * Imports an ATT&CK release into the shared catalogue and updates the posture of all organisations. `CatalogueUndo`
 * undoes both.
 */
@Injectable()
export class CatalogueImportService {
  constructor(
    private readonly store: CatalogueStore,
    private readonly images: CatalogueImages,
    private readonly postureRows: PostureRows,
    private readonly changes: PostureChanges,
    private readonly clock: Clock,
  ) {}

  /**
   * Imports one release of one domain in the caller's transaction. Importing the same again changes nothing and says
   * so.
   * @throws DomainError `invalid_input` naming `attack_version` if the release is unknown, `conflict` if a newer one of
   * the domain is loaded.
   */
  async importSlice(
    manager: EntityManager,
    slice: CatalogueSlice,
    options: ImportSliceOptions,
  ): Promise<CatalogueImportResult> {
    const startedMs = options.startedMs ?? performance.now();
    const attackVersion = releaseOf(slice);
    await this.store.takeTurn(manager);
    const loaded = await this.store.loadedVersion(manager, slice.domain);
    refuseOlder(slice.domain, attackVersion, loaded, options.allowOlder);

    const now = this.clock.now();
    const importId = newId();
    const plan = planImport(await this.store.techniques(manager, slice), slice);
    const origin = {
      id: importId,
      attack_version: attackVersion,
      previous_attack_version: loaded,
      source: replaceUnstorable(options.source),
      imported_by: options.importedBy,
      created_at: now.toISOString(),
    };
    await this.store.save(manager, {
      id: importId,
      domain: slice.domain,
      attackVersion,
      previousAttackVersion: loaded,
      source: origin.source,
      result: {},
      importedBy: options.importedBy,
      createdAt: now,
      undoneAt: null,
      undoneBy: null,
    });
    await this.images.keep(manager, importId, slice.domain, plan.addedIds);
    const written = await this.write(manager, slice.domain, plan, origin, options.carryOver ?? true);
    const result = resultOf(slice, plan, written, origin, startedMs);
    await this.store.saveResult(manager, importId, result);
    return result;
  }

  private async write(
    manager: EntityManager,
    domain: string,
    plan: ImportPlan,
    { id: importId, attack_version: attackVersion, created_at: createdAt, previous_attack_version: previous }: Origin,
    mayCarryOver: boolean,
  ): Promise<Written> {
    const change = { importId, now: new Date(createdAt) };
    const tactics = await this.store.writeTactics(manager, domain, plan.tactics);
    await this.store.writeTechniques(manager, plan.rows, attackVersion, change.now);
    // The first release of a domain changes no technique.
    if (previous !== null) await this.store.noteChanges(manager, plan.changes, attackVersion);
    await this.store.noteRelease(manager, plan.unchangedIds, attackVersion);
    const writtenIds = plan.rows.map(({ id }) => id);
    const rulesAreAffected = await this.postureRows.followCatalogue(manager, plan.addedIds, writtenIds, change);
    const carriedOver = mayCarryOver ? await carryOver(manager, plan.replacedIds, change) : 0;
    if (rulesAreAffected || carriedOver > 0) await this.changes.mark(manager, 'all', 'catalogue');
    return { tactics, carriedOver };
  }
}

/** @throws DomainError `invalid_input` naming `attack_version` if the release is unknown. */
export function releaseOf({ attackVersion, stixVersion }: CatalogueSlice): string {
  if (attackVersion !== null) return attackVersion;
  throw invalidField(
    'attack_version',
    stixVersion === '2.0'
      ? 'must be given for a STIX 2.0 bundle, which names no ATT&CK version, such as 18.1'
      : 'must be given, such as 18.1: the bundle does not name its ATT&CK version',
  );
}

/** @throws DomainError `conflict` if a newer release of the domain is loaded and `allowOlder` is not set. */
export function refuseOlder(
  domain: string,
  attackVersion: string,
  loaded: string | null,
  allowOlder: boolean | undefined,
): void {
  if (loaded === null || allowOlder || compareVersions(attackVersion, loaded) >= 0) return;
  throw conflict(
    `ATT&CK ${loaded} of ${domain} is loaded, and ${attackVersion} is older: set allow_older to import it anyway`,
    [{ field: 'allow_older', message: `must be true to replace ATT&CK ${loaded} by the older ${attackVersion}` }],
  );
}

function resultOf(
  slice: CatalogueSlice,
  plan: ImportPlan,
  { tactics, carriedOver }: Written,
  origin: Origin,
  startedMs: number,
): CatalogueImportResult {
  const { outcomes, missing, skipped } = plan;
  const counts = Object.fromEntries(IMPORT_OUTCOMES.map((outcome) => [outcome, outcomes[outcome].length]));
  const ids = Object.fromEntries(
    NAMED_OUTCOMES.map((outcome) => [`${outcome}_ids`, outcomes[outcome].slice(0, MAX_NAMED_IDS)]),
  );
  return {
    ...origin,
    domain: slice.domain,
    techniques_total: plan.rows.length + plan.unchangedIds.length,
    ...(counts as Pick<CatalogueImportResult, (typeof IMPORT_OUTCOMES)[number]>),
    ...(ids as Pick<CatalogueImportResult, `${(typeof NAMED_OUTCOMES)[number]}_ids`>),
    missing: missing.length,
    missing_ids: missing.slice(0, MAX_NAMED_IDS),
    skipped: skipped.reduce((sum, { count }) => sum + count, 0),
    skipped_reasons: skipped,
    tactics_total: plan.tactics.length,
    tactics_added: tactics.added,
    tactics_changed: tactics.changed,
    carried_over: carriedOver,
    duration_seconds: roundTo((performance.now() - startedMs) / 1000, 3),
  };
}
