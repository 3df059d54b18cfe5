import { Injectable } from '@nestjs/common';
import { conflict } from '../../common/errors/index.js';
import { isUuid } from '../../common/ids.js';
import { PostureExports, type ExportFile, type ExportFormat } from '../../exports/index.js';
import { InstancesService } from '../instances.service.js';

/** Where the details of an alert list the ids of techniques that are its evidence, by rule type. */
const ID_LISTS = ['top_ids', 'example_ids', 'technique_ids'];

/** What of the details holds `techniques`, each with its `technique_id`: the details themselves, where coverage fell, and what came or went since the measurement before. */
const HOLDERS = ['entered', 'left'];

/** Alerts as files for others. */
@Injectable()
export class AlertExports {
  constructor(
    private readonly instances: InstancesService,
    private readonly exports: PostureExports,
  ) {}

  /**
   * What is known now of the techniques that the alert names: its evidence, and those that came or went.
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

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function namedTechniques(details: Record<string, unknown>): string[] {
  const listed = ID_LISTS.flatMap((key) => asList(details[key]));
  const described = [details, ...HOLDERS.map((key) => details[key])].flatMap((holder) =>
    asList((holder as { techniques?: unknown } | undefined)?.techniques),
  );
  const ids = [...listed, ...described.map((technique) => (technique as { technique_id?: unknown }).technique_id)];
  return [...new Set(ids.filter(isUuid))];
}
