import { createHash } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { notFound } from '../../common/errors/index.js';
import { isUuid, newId } from '../../common/ids.js';
import type { Page, PageRequest } from '../../common/pagination/index.js';
import { keysetPage, queryRows, Transactions } from '../../database/index.js';
import type { PostureFileFormatName } from '../formats/index.js';
import { PostureFileError } from '../observations/posture-file.error.js';
import { PostureImportPlanner } from '../plan/posture-import-planner.js';
import { presetFor, type PresetName } from '../presets/index.js';
import { resolveOptions, type ConflictRule, type OptionTexts, type OptionValues } from '../presets/preset-options.js';
import type { ReadPostureFile } from '../reading/posture-file-messages.js';
import { identifyFile, readFileInThread, type FileIdentity } from '../reading/posture-file-reader.js';
import { PREVIEW_MS, standingOf } from '../store/import-status.js';
import { PostureImportStore, type StoredChange } from '../store/posture-import-store.js';
import { listsOf, overviewOf } from '../store/posture-import-summary.js';
import { PostureImport } from '../store/posture-import.entity.js';
import { toStoredRead } from '../store/stored-read.js';
import { PostureImportSettings } from './posture-import-settings.js';

/** A request to import a file. */
export interface ImportRequest {
  file: string;
  /** The name that the sender gave the file. */
  fileName: string | null;
  format: PostureFileFormatName;
  /** The default preset of the format when left out. */
  preset?: string;
  options: OptionTexts;
  /** Previews the file even if it is applied already. */
  force: boolean;
  /** Null: the command line. */
  actorId: string | null;
}

/** A checked request, before its file is read. */
export interface PreparedImport extends FileIdentity {
  organizationId: string;
  request: ImportRequest;
  preset: PresetName;
  options: OptionValues;
  fingerprint: string;
}

export interface ReadingOptions {
  signal?: AbortSignal;
  onProgress?: (bytesRead: number) => void;
}

/** Makes previews of imports and lists imports. It never changes the posture. */
@Injectable()
export class PostureImports {
  private readonly logger = new Logger(PostureImports.name);

  constructor(
    private readonly planner: PostureImportPlanner,
    private readonly store: PostureImportStore,
    private readonly transactions: Transactions,
    private readonly dataSource: DataSource,
    private readonly settings: PostureImportSettings,
    private readonly clock: Clock,
  ) {}

  /**
   * Checks everything that can be checked before the file is read.
   * @throws DomainError naming `preset`, an option or `file`.
   */
  async prepare(organizationId: string, request: ImportRequest): Promise<PreparedImport> {
    const preset = presetFor(request.format, request.preset);
    const { name, options: known } = preset;
    const options = resolveOptions(name, known, request.options);
    preset.check?.(options, this.clock.now());
    const identity = await identifyFile(request.file, this.settings.maxBytes);
    const sorted = Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1));
    const fingerprint = createHash('sha256')
      .update(JSON.stringify([identity.contentHash, request.format, name, sorted]))
      .digest('hex');
    return { ...identity, organizationId, request, preset: name, options, fingerprint };
  }

  /** The newest applied import, if it is of the same file with the same preset and options. */
  async alreadyApplied({ organizationId, fingerprint, request }: PreparedImport): Promise<PostureImport | null> {
    if (request.force) return null;
    const imports = this.dataSource.getRepository(PostureImport);
    const newest = await imports.findOne({
      where: { organizationId, status: 'applied' },
      order: { appliedAt: 'DESC', id: 'DESC' },
    });
    return newest?.fingerprint === fingerprint ? this.get(organizationId, newest.id) : null;
  }

  /**
   * Reads the file in a thread.
   * @throws PostureFileError
   */
  async read({ request, preset, options }: PreparedImport, reading: ReadingOptions = {}): Promise<ReadPostureFile> {
    const { file, format } = request;
    const { timeoutMs, workerFile } = this.settings;
    const task = { file, format, preset, options, now: this.clock.now() };
    try {
      return await readFileInThread(task, { timeoutMs, workerFile, ...reading });
    } catch (error) {
      if (error instanceof PostureFileError && error.cause instanceof Error) {
        this.logger.error(`${error.message}: ${error.cause.message}`, error.cause.stack);
      }
      throw error;
    }
  }

  /** Stores the preview of what was read. It replaces an earlier preview of the same file with the same options. */
  async savePreview(prepared: PreparedImport, read: ReadPostureFile, id?: string): Promise<PostureImport> {
    const { organizationId, options } = prepared;
    return this.transactions.run(async (manager) => {
      const rule = options.on_conflict as ConflictRule;
      const plan = await this.planner.plan(manager, organizationId, read.proposals, { rule, locks: false });
      const replaced = await this.replaceable(manager, prepared);
      if (id && replaced) await manager.delete(PostureImport, { organizationId, id: replaced });
      const saved = await manager.save(
        manager.create(PostureImport, {
          ...this.rowOf(prepared, 'previewed'),
          id: id ?? replaced ?? newId(),
          bytesRead: prepared.byteCount,
          read: toStoredRead(read),
          overview: overviewOf(read, plan),
          lists: listsOf(read, plan),
        }),
      );
      await this.store.replaceChanges(manager, organizationId, saved.id, plan.changes);
      return saved;
    });
  }

  /** Newest first. */
  async list(organizationId: string, page: PageRequest): Promise<Page<PostureImport>> {
    const imports = this.dataSource
      .getRepository(PostureImport)
      .createQueryBuilder('import')
      .where('import.organizationId = :organizationId', { organizationId });
    return keysetPage(imports, 'createdAt', 'DESC', page);
  }

  /** @throws DomainError `not_found`, for another organisation's import too. */
  async get(organizationId: string, id: string): Promise<PostureImport> {
    const found = isUuid(id)
      ? await this.dataSource
          .getRepository(PostureImport)
          .createQueryBuilder('import')
          .addSelect('import.lists')
          .where({ organizationId, id })
          .getOne()
      : null;
    if (!found) throw notFound('import', id);
    return found;
  }

  /** The changes that the import makes or would make, in the order of the ATT&CK ids. */
  async changes(
    organizationId: string,
    id: string,
    { limit, offset = 0 }: { limit: number; offset?: number },
  ): Promise<{ items: StoredChange[]; total: number }> {
    const { overview } = await this.get(organizationId, id);
    const items = await this.store.changes(this.dataSource, organizationId, id, { limit, offset });
    return { items, total: overview?.counts.changed ?? 0 };
  }

  /** The row of a new import. */
  rowOf(
    { organizationId, request, preset, options, fingerprint, byteCount, contentHash }: PreparedImport,
    status: 'parsing' | 'previewed',
  ): Omit<PostureImport, 'id' | 'bytesRead' | 'read' | 'overview' | 'lists'> {
    const now = this.clock.now();
    const expiresAt = new Date(now.getTime() + PREVIEW_MS);
    return {
      organizationId,
      status,
      format: request.format,
      preset,
      options,
      fileName: request.fileName,
      contentHash,
      fingerprint,
      byteCount,
      failure: null,
      createdBy: request.actorId,
      createdAt: now,
      updatedAt: now,
      expiresAt,
      appliedBy: null,
      appliedAt: null,
      undoneBy: null,
      undoneAt: null,
      settledAt: expiresAt,
    };
  }

  /** The import that is reading the same file with the same options; undefined if there is none. */
  async beingRead({ organizationId, fingerprint }: PreparedImport): Promise<PostureImport | undefined> {
    const parsing = await this.dataSource
      .getRepository(PostureImport)
      .findBy({ organizationId, fingerprint, status: 'parsing' });
    return parsing.find((run) => standingOf(run, this.clock.now()).status === 'parsing');
  }

  /** Simultaneous previews of the same file wait for each other, so that only one remains. */
  private async replaceable(
    manager: EntityManager,
    { organizationId, fingerprint }: PreparedImport,
  ): Promise<string | undefined> {
    await manager.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [`${organizationId} ${fingerprint}`]);
    const [row] = await queryRows<{ id: string }>(
      manager,
      `SELECT id FROM posture_import WHERE organization_id = $1 AND fingerprint = $2 AND status = 'previewed' FOR UPDATE`,
      [organizationId, fingerprint],
    );
    return row?.id;
  }
}
