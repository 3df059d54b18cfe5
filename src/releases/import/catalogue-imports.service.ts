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

/** An import that was made, and when it was undone: null while it stands. */
export type KeptCatalogueImport = CatalogueImportResult & { undone_at: string | null };

/** Faults that another parameter would mend; the file is at fault in all the others. */
const FIELD_OF: Partial<Record<StixBundleFault, string>> = {
  version_mismatch: 'attack_version',
  mixed_domains: 'domain',
  unknown_domain: 'domain',
  domain_mismatch: 'domain',
};

/** Imports of STIX bundles, and the list of those that were made. */
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
   * @throws DomainError naming `file`, `domain`, `attack_version` or `allow_older`, whichever has to be another.
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
  async list(page: PageRequest): Promise<Page<KeptCatalogueImport>> {
    const imports = this.dataSource.getRepository(CatalogueImport).createQueryBuilder('import');
    const { items, total, nextCursor } = await keysetPage(imports, 'createdAt', 'DESC', page);
    return { items: items.map(toKept), total, nextCursor };
  }

  /**
   * Reads a bundle in a worker thread.
   * @throws DomainError naming `file`, `domain` or `attack_version`, whichever has to be another.
   */
  async read(file: string, { attackVersion, domain }: ReadFileOptions): Promise<CatalogueSlice> {
    const options: ParseStixOptions = { attackVersion, domain };
    const { maxBytes, workerFile } = this.settings;
    try {
      return await readStixBundle(file, { ...options, maxBytes, workerFile });
    } catch (error) {
      if (!(error instanceof StixBundleError)) throw error;
      if (error.cause instanceof Error)
        this.logger.error(`${error.message}: ${error.cause.message}`, error.cause.stack);
      const field = error.fault === 'bad_option' ? optionOf(error) : (FIELD_OF[error.fault] ?? 'file');
      throw new DomainError(error.code, error.message, [{ field, message: error.message }], error.details);
    }
  }
}

/** Imports that were made before anything was carried over do not say so. */
function toKept({ result, undoneAt }: CatalogueImport): KeptCatalogueImport {
  const { carried_over: carriedOver, ...kept } = result as unknown as CatalogueImportResult;
  return { ...kept, carried_over: carriedOver ?? 0, undone_at: undoneAt?.toISOString() ?? null };
}

function optionOf({ message }: StixBundleError): string {
  return message.startsWith('domain') ? 'domain' : 'attack_version';
}
