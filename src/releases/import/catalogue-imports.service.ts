import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import {
  CatalogueImport,
  type CatalogueSlice,
  type ParseStixOptions,
  StixBundleError,
  type StixBundleFault,
  readStixBundle,
} from '../../catalogue/index.js';
import { DomainError } from '../../common/errors/index.js';
import type { Page, PageRequest } from '../../common/pagination/index.js';
import { keysetPage, Transactions } from '../../database/index.js';
import type { CatalogueImportResult } from './catalogue-import.result.js';
import { CatalogueImportService, type ImportSliceOptions } from './catalogue-import.service.js';
import { ImportSettings } from './import-settings.js';

export type ReadFileOptions = ParseStixOptions;
export type ImportFileOptions = ParseStixOptions & Omit<ImportSliceOptions, 'startedMs'>;

/** A past import, and when it was undone: null if it was not. */
export type PastCatalogueImport = CatalogueImportResult & { undone_at: string | null };

/** Faults that another value of a parameter can mend. All other faults concern the file. */
const FIELD_OF: Partial<Record<StixBundleFault, string>> = {
  version_mismatch: 'attack_version',
  mixed_domains: 'domain',
  unknown_domain: 'domain',
  domain_mismatch: 'domain',
};

/** Imports STIX bundles, and lists past imports. */
@Injectable()
export class CatalogueImports {
  private readonly logger = new Logger(CatalogueImports.name);

  constructor(
    private readonly importer: CatalogueImportService,
    private readonly transactions: Transactions,
    private readonly dataSource: DataSource,
    private readonly settings: ImportSettings,
  ) {}

  /**
   * Reads a bundle in a worker thread and imports it, all or nothing.
   * @throws DomainError naming the parameter to change: `file`, `domain`, `attack_version` or `allow_older`.
   */
  async importFile(
    file: string,
    { attackVersion, domain, ...options }: ImportFileOptions,
  ): Promise<CatalogueImportResult> {
    const startedMs = performance.now();
    const slice = await this.read(file, { attackVersion, domain });
    return this.transactions.run((manager) => this.importer.importSlice(manager, slice, { ...options, startedMs }));
  }

  /** Newest first. */
  async list(page: PageRequest): Promise<Page<PastCatalogueImport>> {
    const imports = this.dataSource.getRepository(CatalogueImport).createQueryBuilder('import');
    const { items, total, nextCursor } = await keysetPage(imports, 'createdAt', 'DESC', page);
    return { items: items.map(toPastImport), total, nextCursor };
  }

  /**
   * Reads a bundle in a worker thread.
   * @throws DomainError naming the parameter to change: `file`, `domain` or `attack_version`.
   */
  async read(file: string, { attackVersion, domain }: ReadFileOptions): Promise<CatalogueSlice> {
    const options: ParseStixOptions = { attackVersion, domain };
    const { maxBytes, workerFile } = this.settings;
    try {
      return await readStixBundle(file, { ...options, maxBytes, workerFile });
    } catch (error) {
      if (!(error instanceof StixBundleError)) throw error;
      if (error.cause instanceof Error) {
        this.logger.error(`${error.message}: ${error.cause.message}`, error.cause.stack);
      }
      const field = error.fault === 'bad_option' ? optionOf(error) : (FIELD_OF[error.fault] ?? 'file');
      throw new DomainError(error.code, error.message, [{ field, message: error.message }], error.details);
    }
  }
}

/** Results from before carry-over existed have no `carried_over`. */
function toPastImport({ result, undoneAt }: CatalogueImport): PastCatalogueImport {
  const { carried_over: carriedOver, ...facts } = result as unknown as CatalogueImportResult;
  return { ...facts, carried_over: carriedOver ?? 0, undone_at: undoneAt?.toISOString() ?? null };
}

function optionOf({ message }: StixBundleError): string {
  return message.startsWith('domain') ? 'domain' : 'attack_version';
}
