import { Injectable } from '@nestjs/common';
import { conflict } from '../common/errors/index.js';
import { isUuid } from '../common/ids.js';
import { InstancesService } from '../instances/index.js';
import { PostureExports, type ExportFile, type ExportFormat } from '../posture/index.js';

/** Where the details of an alert name techniques, by rule type: a rule type has one of these. */
const KEYS = ['top_ids', 'example_ids', 'technique_ids'];

/** Alerts as files for others. */
@Injectable()
export class AlertExports {
  constructor(
    private readonly instances: InstancesService,
    private readonly exports: PostureExports,
  ) {}

  /**
   * What is known now of the techniques that the alert names as its evidence.
   * @throws DomainError `not_found`, or `conflict` where the alert names none.
   */
  async techniques(organizationId: string, alertId: string, format: ExportFormat): Promise<ExportFile> {
    const alert = await this.instances.get(organizationId, alertId);
    const ids = namedTechniques(alert.details);
    if (ids.length === 0) throw conflict(`an alert of type ${alert.ruleType} names no techniques to export`);
    return this.exports.ofTechniques(organizationId, ids, format, {
      fileStem: `alert-${alert.id}`,
      name: alert.title,
      description: alert.message,
      metadata: [
        { name: 'alert', value: alert.id },
        { name: 'rule', value: alert.ruleName },
        { name: 'severity', value: alert.severity },
        { name: 'fired at', value: alert.createdAt.toISOString() },
      ],
    });
  }
}

function namedTechniques(details: Record<string, unknown>): string[] {
  const lists = KEYS.map((key) => details[key]).filter((value): value is unknown[] => Array.isArray(value));
  return lists.flat().filter(isUuid);
}
