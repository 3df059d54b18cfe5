import { DataSource, type QueryRunner } from 'typeorm';
import { newId } from '../../src/common/ids.js';
import {
  EvaluatorRegistry,
  EvaluatorsModule,
  type Finding,
  type RuleConfig,
  type RuleToMeasure,
} from '../../src/evaluators/index.js';
import { LivePostureReader, type PostureReader } from '../../src/posture/reading/posture-reader.js';
import { anOrganization, aPosture, aTechnique, type PostureFacts } from './factories.js';
import { NOW, startTestModule, type TestContext } from './test-module.js';

const HOUR_MS = 3_600_000;

export function hoursBefore(instant: Date, hours: number): Date {
  return new Date(instant.getTime() - hours * HOUR_MS);
}

export function daysBefore(instant: Date, days: number): Date {
  return hoursBefore(instant, 24 * days);
}

export function msAfter(instant: Date, ms: number): Date {
  return new Date(instant.getTime() + ms);
}

/** Counts the statements that it runs. */
export class CountingReader implements PostureReader {
  statements = 0;

  constructor(private readonly reader: PostureReader) {}

  get relations(): PostureReader['relations'] {
    return this.reader.relations;
  }

  query<Row>(sql: string, parameters: unknown[]): Promise<Row[]> {
    this.statements += 1;
    return this.reader.query<Row>(sql, parameters);
  }

  isolated<T>(work: () => Promise<T>): Promise<T> {
    return this.reader.isolated(work);
  }
}

/** The evaluators with a database that has a small catalogue. */
export class EvaluatorWorld {
  /** Ids of techniques in force, ordered by ATT&CK id; the first is `T1001`. */
  readonly techniques: string[] = [];

  private constructor(private readonly context: TestContext) {}

  /** @param size how many techniques in force the catalogue has. */
  static async start(size: number): Promise<EvaluatorWorld> {
    const world = new EvaluatorWorld(await startTestModule([EvaluatorsModule]));
    for (let index = 1; index <= size; index += 1) {
      world.techniques.push(await aTechnique(world.database, { attackId: `T${1000 + index}` }));
    }
    return world;
  }

  get database(): TestContext['database'] {
    return this.context.database;
  }

  get dataSource(): DataSource {
    return this.context.module.get(DataSource);
  }

  get registry(): EvaluatorRegistry {
    return this.context.module.get(EvaluatorRegistry);
  }

  get reader(): LivePostureReader {
    return new LivePostureReader(this.dataSource.manager);
  }

  /** An organisation that has evaluated nothing: its posture rows have default values. */
  organization(): Promise<string> {
    return anOrganization(this.database);
  }

  /** The id of the technique with this ATT&CK id. */
  technique(attackId: string): string {
    const id = this.techniques[Number(attackId.slice(1)) - 1001];
    if (!id) throw new Error(`the catalogue of this test has no ${attackId}`);
    return id;
  }

  /** Sets the posture of a technique. `mitreLastModified` belongs to the catalogue; the posture row has a copy. */
  async posture(
    organizationId: string,
    attackId: string,
    { mitreLastModified, ...facts }: PostureFacts & { mitreLastModified?: Date },
  ): Promise<void> {
    await aPosture(this.database, organizationId, this.technique(attackId), facts);
    if (!mitreLastModified) return;
    await this.database.query(
      'UPDATE posture SET mitre_last_modified = $3 WHERE organization_id = $1 AND technique_id = $2',
      [organizationId, this.technique(attackId), mitreLastModified],
    );
  }

  rule(type: string, organizationId: string, config: Record<string, unknown> = {}): RuleToMeasure<RuleConfig> {
    return { ruleId: newId(), organizationId, config: this.registry.completeConfig(type, config) };
  }

  /** Measures one rule. */
  async measure(
    type: string,
    organizationId: string,
    config: Record<string, unknown> = {},
    at: Date = NOW,
  ): Promise<Finding> {
    const [finding] = await this.registry.get(type).measure([this.rule(type, organizationId, config)], at, this.reader);
    if (!finding) throw new Error(`${type} answered no finding`);
    return finding;
  }

  /** Runs `work` in a transaction that is rolled back, with a reader of that transaction. */
  async inTransaction(work: (runner: QueryRunner, reader: LivePostureReader) => Promise<void>): Promise<void> {
    const runner = this.dataSource.createQueryRunner();
    await runner.startTransaction();
    try {
      await work(runner, new LivePostureReader(runner.manager));
    } finally {
      await runner.rollbackTransaction();
      await runner.release();
    }
  }

  close(): Promise<void> {
    return this.context.close();
  }
}
