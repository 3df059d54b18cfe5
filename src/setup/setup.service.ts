import { Injectable } from '@nestjs/common';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { EntityManager } from 'typeorm';
import { AuthService } from '../auth/index.js';
import { readFacts } from '../catalogue/index.js';
import { Clock } from '../common/clock.js';
import { packageRoot } from '../common/package-root.js';
import { Environment } from '../config/index.js';
import { queryRows, Transactions } from '../database/index.js';
import { DemoService } from '../demo/index.js';
import { OrganizationsService } from '../organizations/index.js';
import { PostureService } from '../posture/index.js';
import { CatalogueImportService } from '../releases/index.js';
import { SystemRulesService } from '../rules/index.js';

/** The shipped facts-only table of ATT&CK Enterprise. With it, a first start needs no network. */
const SHIPPED_CATALOGUE = 'data/attack-enterprise-18.1.json';

/** The key of the advisory lock for the setup: an arbitrary number that no other program uses. */
const SETUP_LOCK = 7_305_441_903;

export interface SetupResult {
  organizationId: string;
  organizationName: string;
  adminEmail: string;
  /** The generated password of the first admin; null if an admin exists or the environment sets the password. */
  generatedPassword: string | null;
}

export interface NewOrganizationInput {
  name: string;
  slug?: string;
  adminEmail: string;
  /** Whether the admin may already have an account. They then get a new password, and their sessions end. */
  linkExisting?: boolean;
}

export interface NewOrganization {
  id: string;
  name: string;
  slug: string;
  adminEmail: string;
  generatedPassword: string | null;
}

/** Fills a new database with everything that people need. It runs at every start and keeps existing data. */
@Injectable()
export class SetupService {
  constructor(
    private readonly transactions: Transactions,
    private readonly organizations: OrganizationsService,
    private readonly catalogue: CatalogueImportService,
    private readonly systemRules: SystemRulesService,
    private readonly auth: AuthService,
    private readonly posture: PostureService,
    private readonly demo: DemoService,
    private readonly environment: Environment,
    private readonly clock: Clock,
  ) {}

  /** Runs the setup. Replicas that start at the same time run it one after another. */
  run(log: (line: string) => void): Promise<SetupResult> {
    return this.transactions.run(async (manager) => {
      await manager.query('SELECT pg_advisory_xact_lock($1)', [SETUP_LOCK]);
      const { VEDETTE_DEMO: isDemo } = this.environment;
      const organizationName = isDemo ? 'Harbour Mutual (demo)' : 'Default organisation';
      const { id: organizationId } = await this.organizations.ensureDefault(manager, {
        name: organizationName,
        isDemo,
      });
      await this.loadShippedCatalogue(manager, log);
      const seeded = await this.systemRules.seed(manager);
      if (seeded > 0) log(`added ${seeded} system rules`);
      if (isDemo) {
        await this.demo.fill(manager, {
          organizationId,
          now: this.clock.now(),
          receiverUrl: this.environment.VEDETTE_DEMO_RECEIVER_URL,
        });
      }
      const admin = await this.auth.createFirstAdmin(manager, organizationId, {
        email: this.environment.VEDETTE_ADMIN_EMAIL,
        password: this.environment.VEDETTE_ADMIN_PASSWORD,
        linkExisting: true,
      });
      return { organizationId, organizationName, adminEmail: admin.email, generatedPassword: admin.password };
    });
  }

  /** Creates another organisation with posture for every technique, system rules and an admin. */
  createOrganization(input: NewOrganizationInput): Promise<NewOrganization> {
    return this.transactions.run(async (manager) => {
      const { id, name, slug } = await this.organizations.create(manager, input);
      await this.posture.createRowsFor(manager, id);
      await this.systemRules.seed(manager);
      const admin = await this.auth.createFirstAdmin(manager, id, {
        email: input.adminEmail,
        linkExisting: input.linkExisting,
      });
      return { id, name, slug, adminEmail: admin.email, generatedPassword: admin.password };
    });
  }

  private async loadShippedCatalogue(manager: EntityManager, log: (line: string) => void): Promise<void> {
    const slice = readFacts(await readFile(path.join(packageRoot(), SHIPPED_CATALOGUE), 'utf8'));
    const [row] = await queryRows<{ exists: boolean }>(
      manager,
      'SELECT EXISTS (SELECT FROM technique WHERE domain = $1) AS exists',
      [slice.domain],
    );
    if (row?.exists) return;
    log('loading the ATT&CK catalogue');
    const { added } = await this.catalogue.importSlice(manager, slice, { source: 'shipped', importedBy: null });
    log(`loaded ${added} techniques of ATT&CK ${slice.attackVersion}`);
  }
}
