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

/** A rule that fires. */
export interface RuleToExplain {
  ruleId: string;
  organizationId: string;
  ruleType: string;
  /** The config with all defaults filled in. */
  config: Readonly<RuleConfig>;
  scope: TechniqueScope | null;
  /** The previous measurement of the rule. */
  since: Date;
}

/** A technique that a rule counts more or less than at its previous measurement, and its last change since then. */
export interface MovedTechnique {
  technique_id: string;
  attack_id: string;
  name: string;
  tactics: string[];
  /** Null if only time passed: nothing changed the technique. */
  changed_at: string | null;
  /** A change source of posture, or `queue`. */
  change_source: string | null;
  /** The id of the import, the ATT&CK release or the queue item that made the change. */
  change_id: string | null;
  /** The id of the user or API key; null for a change without one. */
  changed_by: string | null;
  changed_by_name: string | null;
}

export interface MovedTechniques {
  /** The number of all such techniques, not only the listed ones. */
  count: number;
  /** All of them by short name of the tactic. A technique with several tactics counts in each. */
  by_tactic: Record<string, number>;
  /** The first 50, sorted by tactic and ATT&CK id. */
  techniques: MovedTechnique[];
}

/** The fields that an explanation adds to the details of an alert, in snake_case as in the API. */
export interface Explanation {
  /** The previous measurement of the rule. The changes came after it. */
  changed_since: string;
  /** Techniques that the rule counts more than before. */
  entered: MovedTechniques;
  /** Techniques that the rule counts less than before. */
  left: MovedTechniques;
}

/** Explains at most this many alerts of a rule type in one pass. If more rules fire, they have a common cause. */
const MAX_RULES = 250;

/** Finds the techniques that rules count more or less than at their previous measurement, and who changed them. */
@Injectable()
export class AlertExplainer {
  private readonly logger = new Logger('Evaluation');

  constructor(private readonly registry: EvaluatorRegistry) {}

  /**
   * Runs one statement for each rule type. If it fails, the alerts stay unexplained and the pass goes on.
   * @param manager of an open transaction.
   * @returns explanations by rule id, without rules of types that do not count techniques.
   */
  async explain(manager: EntityManager, rules: readonly RuleToExplain[], now: Date): Promise<Map<string, Explanation>> {
    const explanations = new Map<string, Explanation>();
    for (const type of new Set(rules.map(({ ruleType }) => ruleType))) {
      const ofType = rules.filter(({ ruleType }) => ruleType === type).slice(0, MAX_RULES);
      const evaluator = this.registry.get(type);
      try {
        for (const [ruleId, explanation] of await explainType(manager, evaluator, ofType, now)) {
          explanations.set(ruleId, explanation);
        }
      } catch (error) {
        this.logger.error(`Alerts of ${type} could not be explained`, (error as Error).stack);
      }
    }
    return explanations;
  }
}

function toColumnValue(value: ConfigValue): string | number | boolean | null {
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
        ...settings.map((setting) => rules.map(({ config }) => toColumnValue(config[setting]))),
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
