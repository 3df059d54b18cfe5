import fc from 'fast-check';
import { DataSource } from 'typeorm';
import type { ModuleMetadata } from '@nestjs/common';
import { type CatalogueSlice } from '../../src/catalogue/stix/catalogue-slice.js';
import { DomainError } from '../../src/common/errors/index.js';
import { newId } from '../../src/common/ids.js';
import { utcDate } from '../../src/common/instant.js';
import { Transactions } from '../../src/database/index.js';
import { PostureModule } from '../../src/posture/posture.module.js';
import { type PostureReader } from '../../src/posture/reading/posture-reader.js';
import { TECHNIQUE_STATUSES } from '../../src/posture/words/index.js';
import { PostureService } from '../../src/posture/writes/posture.service.js';
import { CatalogueImportService } from '../../src/releases/import/catalogue-import.service.js';
import { ReleasesModule } from '../../src/releases/releases.module.js';
import { RevalidationQueueService } from '../../src/revalidation/queue/revalidation-queue.service.js';
import { RevalidationModule } from '../../src/revalidation/revalidation.module.js';
import { SnapshotsModule } from '../../src/snapshots/snapshots.module.js';
import { SnapshotsService } from '../../src/snapshots/snapshots.service.js';
import { uuid } from './a-stix-bundle.js';
import { aSlice, aSliceTechnique } from './catalogue-factories.js';
import { aMember } from './factories.js';
import { startTestModule, type TestContext } from './test-module.js';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** The techniques of the catalogue are `T1001`, `T1002` and so on. */
const FIRST = 1001;

/**
 * A change to the posture of an organisation, some time after the previous one. Techniques and items are given by
 * index.
 */
export type Move = { waitMs: number } & (
  | { what: 'posture'; items: { technique: number; fact: PostureFact }[] }
  | { what: 'queue'; technique: number }
  | { what: 'work'; item: number; status: 'pending' | 'in_progress' | 'done' | 'cancelled' }
  | { what: 'postpone'; item: number; days: number }
  | { what: 'snapshot' }
  | { what: 'correct'; validated: number }
  | { what: 'release'; technique: number; revoked: boolean }
);

type PostureFact =
  | { status_global: string }
  | { risk_score: number | null }
  | { last_review_date: number | null }
  | { owner: number | null }
  | { tags: string[] };

/** The waits range from none, as with concurrent writes, to days. */
export function moves({ techniques = 6, maxWaitMs = 3 * DAY_MS, maxMoves = 14 } = {}): fc.Arbitrary<Move[]> {
  const technique = fc.nat(techniques - 1);
  const fact: fc.Arbitrary<PostureFact> = fc.oneof(
    fc.record({ status_global: fc.constantFrom(...TECHNIQUE_STATUSES) }),
    fc.record({ risk_score: fc.option(fc.integer({ min: 0, max: 100 })) }),
    fc.record({ last_review_date: fc.option(fc.integer({ min: 0, max: 60 })) }),
    fc.record({ owner: fc.option(fc.nat(1)) }),
  );
  const waitMs = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: maxWaitMs }));
  const of = <W extends Move['what'], Rest>(what: W, rest: { [K in keyof Rest]: fc.Arbitrary<Rest[K]> }) =>
    fc.record({ waitMs, what: fc.constant(what), ...rest }) as unknown as fc.Arbitrary<Move>;
  const move = fc.oneof(
    {
      weight: 5,
      arbitrary: of('posture', {
        items: fc.uniqueArray(fc.record({ technique, fact }), {
          selector: (item) => item.technique,
          minLength: 1,
          maxLength: techniques,
        }),
      }),
    },
    { weight: 2, arbitrary: of('queue', { technique }) },
    {
      weight: 2,
      arbitrary: of('work', {
        item: fc.nat(3),
        status: fc.constantFrom('pending' as const, 'in_progress' as const, 'done' as const, 'cancelled' as const),
      }),
    },
    { weight: 1, arbitrary: of('postpone', { item: fc.nat(3), days: fc.integer({ min: 1, max: 30 }) }) },
    { weight: 2, arbitrary: of('snapshot', {}) },
    { weight: 1, arbitrary: of('correct', { validated: fc.nat(techniques) }) },
    { weight: 1, arbitrary: of('release', { technique, revoked: fc.boolean() }) },
  );
  return fc.array(move, { minLength: 1, maxLength: maxMoves });
}

/** Facts of a world's catalogue. By default its techniques are plain ones of Enterprise. */
export interface DescribedCatalogue {
  techniques: readonly Partial<CatalogueSlice['techniques'][number]>[];
  /** Of Enterprise. */
  tactics: CatalogueSlice['tactics'];
}

/** An organisation whose posture is written by the real services, with a clock that tests move. */
export class HistoryWorld {
  organizationId = '';
  actorId = '';
  ownerIds: string[] = [];
  private itemIds: string[] = [];
  private readonly releases = new Map<number, { mitreModified: string; revoked: boolean }>();

  private constructor(
    readonly context: TestContext,
    readonly techniques: number,
    private readonly described: DescribedCatalogue | null,
  ) {}

  static async start(
    modules: NonNullable<ModuleMetadata['imports']> = [],
    { techniques = 6, described = null }: { techniques?: number; described?: DescribedCatalogue | null } = {},
  ): Promise<HistoryWorld> {
    const context = await startTestModule([
      PostureModule,
      RevalidationModule,
      SnapshotsModule,
      ReleasesModule,
      ...modules,
    ]);
    return new HistoryWorld(context, described?.techniques.length ?? techniques, described);
  }

  get transactions(): Transactions {
    return this.context.module.get(Transactions);
  }

  get dataSource(): DataSource {
    return this.context.module.get(DataSource);
  }

  /** The time on the clock. */
  get now(): Date {
    return this.context.clock.now();
  }

  /** Starts again with an organisation without facts and a catalogue that was last modified long ago. */
  async begin(at: Date): Promise<void> {
    this.context.clock.set(at);
    await this.context.database.query('TRUNCATE organization, technique, catalogue_import, user_account CASCADE');
    this.itemIds = [];
    this.releases.clear();
    await this.release();
    this.organizationId = await this.addOrganization();
    this.actorId = (await aMember(this.context.database, this.organizationId, { role: 'red_lead' })).userId;
    this.ownerIds = [];
    for (let index = 0; index < 2; index += 1) {
      this.ownerIds.push((await aMember(this.context.database, this.organizationId)).userId);
    }
  }

  /** An organisation whose rows begin now. */
  async addOrganization(): Promise<string> {
    const id = newId();
    await this.transactions.run(async (manager) => {
      await manager.query('INSERT INTO organization (id, slug, name, created_at) VALUES ($1, $2, $3, $4)', [
        id,
        `org-${id}`,
        'Acme',
        this.now,
      ]);
      await this.context.module.get(PostureService).createRowsFor(manager, id);
    });
    return id;
  }

  techniqueId(index: number): string {
    return uuid(FIRST + index);
  }

  attackId(index: number): string {
    return this.described?.techniques[index]?.attackId ?? `T${FIRST + index}`;
  }

  /** Waits as long as the move says, then makes it. A move that the services refuse changes nothing. */
  async make(move: Move): Promise<void> {
    this.context.clock.advanceMs(move.waitMs);
    try {
      await this.doIt(move);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
    }
  }

  write(items: { technique: number; fact: PostureFact }[], organizationId = this.organizationId): Promise<unknown> {
    const sent = items.map(({ technique, fact }) => ({ attack_id: this.attackId(technique), ...this.toSent(fact) }));
    return this.context.module.get(PostureService).write(organizationId, { items: sent }, this.actorId);
  }

  async queue(technique: number): Promise<string> {
    const item = await this.queueService.add(
      this.organizationId,
      { attackId: this.attackId(technique), reason: null, assigneeId: null, dueAt: null },
      this.actorId,
    );
    this.itemIds.push(item.id);
    return item.id;
  }

  /** The organisation's rows in the reader's relations, as text, so that no precision is lost. */
  async copy(reader: PostureReader): Promise<unknown> {
    const { posture, revalidationItem, snapshot } = reader.relations;
    const read = (columns: string, relation: string, order: string): Promise<unknown[]> =>
      reader.query(`SELECT ${columns} FROM ${relation} r WHERE organization_id = $1 ORDER BY ${order}`, [
        this.organizationId,
      ]);
    return {
      posture: await read(
        'technique_id, status_global, last_review_date::text, risk_score, owner_id, in_force, mitre_last_modified::text',
        posture,
        'technique_id',
      ),
      queue: await read('id, technique_id, status, created_at::text, due_at::text', revalidationItem, 'id'),
      snapshots: await read(
        `snapshot_date::text, coverage_pct, total, validated, partial, in_progress, not_covered, not_evaluated, source, rollup, formula_version, scope,
         attack_versions, tactics, taken_at::text, baseline_pct, baseline_date::text, baseline_tactics`,
        snapshot,
        'snapshot_date',
      ),
    };
  }

  close(): Promise<void> {
    return this.context.close();
  }

  private get queueService(): RevalidationQueueService {
    return this.context.module.get(RevalidationQueueService);
  }

  private async doIt(move: Move): Promise<void> {
    const { organizationId } = this;
    const snapshots = this.context.module.get(SnapshotsService);
    switch (move.what) {
      case 'posture':
        await this.write(move.items);
        return;
      case 'queue':
        await this.queue(move.technique);
        return;
      case 'work':
      case 'postpone': {
        const id = this.itemIds[move.item];
        if (id === undefined) return;
        const change =
          move.what === 'work' ? { status: move.status } : { dueAt: new Date(this.now.getTime() + move.days * DAY_MS) };
        await this.queueService.change(organizationId, id, change, this.actorId);
        return;
      }
      case 'snapshot':
        await snapshots.take(organizationId);
        return;
      case 'correct': {
        // Replaces an existing snapshot: a replay would find an import for an empty day earlier than the live readers
        // did.
        const date = utcDate(this.now);
        const { items } = await snapshots.list(organizationId, { from: date, to: date }, { limit: 1 });
        if (items.length === 0) return;
        const counts = { total: this.techniques, partial: 0, inProgress: 0, notCovered: 0, notEvaluated: 0 };
        await snapshots.put(organizationId, { date, validated: move.validated, ...counts });
        return;
      }
      case 'release':
        this.releases.set(move.technique, { mitreModified: this.now.toISOString(), revoked: move.revoked });
        await this.release(this.domainOf(move.technique));
    }
  }

  private domainOf(index: number): CatalogueSlice['domain'] {
    return this.described?.techniques[index]?.domain ?? 'enterprise-attack';
  }

  /** Loads the current release of one domain, or of each. */
  private async release(only?: CatalogueSlice['domain']): Promise<void> {
    const places = Array.from({ length: this.techniques }, (_, index) => index);
    const domains = only ? [only] : new Set(places.map((index) => this.domainOf(index)));
    for (const domain of domains) {
      const techniques = places.filter((index) => this.domainOf(index) === domain).map((index) => this.sliceOf(index));
      const tactics = domain === 'enterprise-attack' ? (this.described?.tactics ?? []) : [];
      const slice = aSlice(techniques, { domain, tactics });
      await this.transactions.run((manager) =>
        this.context.module
          .get(CatalogueImportService)
          .importSlice(manager, slice, { source: 'a test', importedBy: null }),
      );
    }
  }

  private sliceOf(index: number): CatalogueSlice['techniques'][number] {
    const facts = this.releases.get(index);
    return aSliceTechnique(FIRST + index, {
      ...this.described?.techniques[index],
      ...(facts && { ...facts, content: JSON.stringify(facts) }),
    });
  }

  private toSent(fact: PostureFact): object {
    if ('owner' in fact) return { owner_id: fact.owner === null ? null : this.ownerIds[fact.owner] };
    if ('last_review_date' in fact) {
      const daysAgo = fact.last_review_date;
      return {
        last_review_date: daysAgo === null ? null : new Date(this.now.getTime() - daysAgo * DAY_MS).toISOString(),
      };
    }
    return fact;
  }
}
