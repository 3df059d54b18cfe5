import { Injectable } from '@nestjs/common';
import { conflict } from '../../common/errors/index.js';
import { isUuid } from '../../common/ids.js';
import { PostureExports, type ExportFile, type ExportFormat } from '../../exports/index.js';
import { InstancesService } from '../instances.service.js';

/** The keys of alert details that list ids of techniques. */
const ID_LISTS = ['top_ids', 'example_ids', 'technique_ids'];

/**
 * The keys of alert details that hold `techniques` with a `technique_id`. The details themselves can hold `techniques`
 * too.
 */
const HOLDERS = ['entered', 'left'];

/** Exports alerts as files. */
@Injectable()
export class AlertExports {
  constructor(
    private readonly instances: InstancesService,
    private readonly exports: PostureExports,
  ) {}

  /**
   * Exports the current posture of the techniques that the alert names.
   * @throws DomainError `not_found`, or `conflict` if the alert names none.
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
