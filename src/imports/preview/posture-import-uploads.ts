import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { DomainError } from '../../common/errors/index.js';
import { newId } from '../../common/ids.js';
import { INTERRUPTED, HEARTBEAT_MS } from '../store/import-status.js';
import { PostureImport } from '../store/posture-import.entity.js';
import { PostureImportSettings } from './posture-import-settings.js';
import { PostureImports, type ImportRequest, type PreparedImport } from './posture-imports.service.js';

/** The most large files on the disk at once, including the one that is being read. */
const MAX_WAITING = 4;

/** The result of receiving an upload. */
export interface ReceivedImport {
  run: PostureImport;
  /**
   * `already_applied`: nothing was stored, and `run` is the applied import. `reading`: the file is read after the
   * answer.
   */
  outcome: 'previewed' | 'already_applied' | 'reading';
}

/** Receives uploads. It previews small files at once, and reads large ones one after the other in the background. */
@Injectable()
export class PostureImportUploads implements BeforeApplicationShutdown {
  private readonly logger = new Logger(PostureImportUploads.name);
  private readonly stopping = new AbortController();
  private last: Promise<void> = Promise.resolve();
  private waiting = 0;

  constructor(
    private readonly imports: PostureImports,
    private readonly dataSource: DataSource,
    private readonly settings: PostureImportSettings,
    private readonly clock: Clock,
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.last;
  }

  /**
   * @param done is called when the file is no longer needed, unless this throws.
   * @throws DomainError naming `preset`, an option or `file`; nothing is stored then.
   */
  async receive(organizationId: string, request: ImportRequest, done: () => Promise<void>): Promise<ReceivedImport> {
    const prepared = await this.imports.prepare(organizationId, request);
    if (prepared.byteCount >= this.settings.backgroundFromBytes) return this.receiveLarge(prepared, done);
    const received = await this.preview(prepared);
    await done();
    return received;
  }

  /** Previews a file of any size while the caller waits. */
  async preview(prepared: PreparedImport): Promise<ReceivedImport> {
    const applied = await this.imports.alreadyApplied(prepared);
    if (applied) return { run: applied, outcome: 'already_applied' };
    return { run: await this.imports.savePreview(prepared, await this.imports.read(prepared)), outcome: 'previewed' };
  }

  private async receiveLarge(prepared: PreparedImport, done: () => Promise<void>): Promise<ReceivedImport> {
    const applied = await this.imports.alreadyApplied(prepared);
    const known = applied ?? (await this.imports.beingRead(prepared));
    if (known) {
      await done();
      return { run: known, outcome: applied ? 'already_applied' : 'reading' };
    }
    if (this.waiting >= MAX_WAITING) throw tooManyAtOnce();
    this.waiting += 1;
    try {
      const run = await this.begin(prepared);
      this.last = this.readInBackground(run.id, prepared, this.last)
        .finally(() => (this.waiting -= 1))
        .finally(done)
        .catch((error: Error) => this.logger.error('A file that was read could not be removed', error.stack));
      return { run, outcome: 'reading' };
    } catch (error) {
      this.waiting -= 1;
      throw error;
    }
  }

  private begin(prepared: PreparedImport): Promise<PostureImport> {
    const imports = this.dataSource.getRepository(PostureImport);
    return imports.save(
      imports.create({
        ...this.imports.rowOf(prepared, 'parsing'),
        id: newId(),
        bytesRead: 0,
        read: null,
        overview: null,
        lists: null,
      }),
    );
  }

  /**
   * Waits for the file before it, because each may take much memory. Never throws: an error is stored with the import.
   */
  private async readInBackground(id: string, prepared: PreparedImport, before: Promise<void>): Promise<void> {
    let bytesRead = 0;
    const timer = setInterval(() => void this.update(prepared, id, { bytesRead }), HEARTBEAT_MS);
    try {
      await before;
      const onProgress = (bytes: number): void => void (bytesRead = bytes);
      const read = await this.imports.read(prepared, { signal: this.stopping.signal, onProgress });
      clearInterval(timer);
      await this.imports.savePreview(prepared, read, id);
    } catch (error) {
      clearInterval(timer);
      await this.fail(prepared, id, error);
    }
  }

  private async fail(prepared: PreparedImport, id: string, error: unknown): Promise<void> {
    if (!(error instanceof DomainError)) this.logger.error('An import of posture failed', (error as Error).stack);
    const failure = this.stopping.signal.aborted
      ? INTERRUPTED
      : error instanceof DomainError
        ? error.message
        : 'an internal error occurred; see the log of the server';
    await this.update(prepared, id, { status: 'failed', failure, settledAt: this.clock.now() });
  }

  private async update(
    { organizationId }: PreparedImport,
    id: string,
    facts: Partial<Pick<PostureImport, 'bytesRead' | 'status' | 'failure' | 'settledAt'>>,
  ): Promise<void> {
    await this.dataSource
      .getRepository(PostureImport)
      .update({ organizationId, id, status: 'parsing' }, { ...facts, updatedAt: this.clock.now() })
      .catch((error: Error) => this.logger.error('The state of an import could not be stored', error.stack));
  }
}

function tooManyAtOnce(): DomainError {
  return new DomainError('unavailable', 'other large files are being read: send this one again when they are done');
}
