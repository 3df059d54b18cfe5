import { Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { queryRows } from '../../database/index.js';
import {
  EvaluatorRegistry,
  limitedRules,
  measuredOrganizationId,
  type ConfigValue,
  type Evaluator,
  type RuleConfig,
} from '../../evaluators/index.js';
import { LivePostureReader, type TechniqueScope } from '../../posture/index.js';
import { explanationOf } from './explanation-sql.js';

/** A rule that fires, and when it measured before. */
export interface RuleToExplain {
  ruleId: string;
  organizationId: string;
  ruleType: string;
  /** Complete. */
  config: Readonly<RuleConfig>;
  scope: TechniqueScope | null;
  since: Date;
}

/** A technique that came or went, and the last change of it in between. Where there was none it came or went as time passed. */
export interface MovedTechnique {
  technique_id: string;
  attack_id: string;
  name: string;
  tactics: string[];
  changed_at: string | null;
  /** As posture has it, or `queue`. */
  change_source: string | null;
  /** The import run, the ATT&CK release or the queue item behind it. */
  change_id: string | null;
  /** The user or API key; null where nobody did it. */
  changed_by: string | null;
  changed_by_name: string | null;
}

export interface MovedTechniques {
  /** All of them. */
  count: number;
  /** All of them by the short name of the tactic; one of several tactics counts in each. */
  by_tactic: Record<string, number>;
  /** The first 50, by tactic and ATT&CK id. */
  techniques: MovedTechnique[];
}

/** What an alert's details say beyond its finding, in snake_case as it goes over the wire. */
export interface Explanation {
  /** When the rule measured before: what came and went did so since. */
  changed_since: string;
  entered: MovedTechniques;
  left: MovedTechniques;
}

/** A pass in which more rules of a type fire is one in which something befell everybody, and what it was need not be told of each. */
const MOST_RULES = 250;

/** Tells which techniques an alert is about that the measurement before was not about, and the other way round, with who or what changed them. */
@Injectable()
export class AlertExplainer {
  private readonly logger = new Logger('Evaluation');

  constructor(private readonly registry: EvaluatorRegistry) {}

  /**
   * One statement a rule type. A failure leaves alerts unexplained and is not the pass's.
   * @param manager of an open transaction.
   * @returns by rule id; rules of types that count no techniques are missing.
   */
  async explain(manager: EntityManager, rules: readonly RuleToExplain[], now: Date): Promise<Map<string, Explanation>> {
    const explanations = new Map<string, Explanation>();
    for (const type of new Set(rules.map(({ ruleType }) => ruleType))) {
      const ofType = rules.filter(({ ruleType }) => ruleType === type).slice(0, MOST_RULES);
      const evaluator = this.registry.get(type);
      try {
        for (const [ruleId, explanation] of await explainType(manager, evaluator, ofType, now))
          explanations.set(ruleId, explanation);
      } catch (error) {
        this.logger.error(`Alerts of ${type} could not be explained`, (error as Error).stack);
      }
    }
    return explanations;
  }
}

function inColumn(value: ConfigValue): string | number | boolean | null {
  return typeof value === 'object' ? value.join() : (value ?? null);
}

async function explainType(
  manager: EntityManager,
  { counted, definition }: Evaluator,
  rules: readonly RuleToExplain[],
  now: Date,
): Promise<[string, Explanation][]> {
  if (!counted) return [];
  const settings = Object.keys(counted.settings);
  const rows = await new LivePostureReader(manager).isolated(() =>
    queryRows<{ ord: number; entered: boolean } & MovedTechniques>(
      manager,
      explanationOf(counted, definition.affectedBy.includes('queue'), limitedRules(rules)),
      [
        now,
        rules.map(measuredOrganizationId),
        rules.map(({ since }) => since),
        rules.map(({ organizationId }) => organizationId),
        ...settings.map((setting) => rules.map(({ config }) => inColumn(config[setting]))),
      ],
    ),
  );
  const none: MovedTechniques = { count: 0, by_tactic: {}, techniques: [] };
  return rules.map(({ ruleId, since }, index) => {
    const moved = (wanted: boolean): MovedTechniques => {
      const row = rows.find(({ ord, entered }) => ord === index + 1 && entered === wanted);
      return row ? { count: row.count, by_tactic: row.by_tactic, techniques: row.techniques } : none;
    };
    return [ruleId, { changed_since: since.toISOString(), entered: moved(true), left: moved(false) }];
  });
}
