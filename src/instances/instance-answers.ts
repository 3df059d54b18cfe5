import { Injectable } from '@nestjs/common';
import type { PageRequest } from '../common/pagination/index.js';
import { SharedReads } from '../common/shared-reads.js';
import type { InstanceFilters } from './alert-reader.js';
import { toInstanceResponse } from './instance.mapper.js';
import type { InstanceListResponse, InstanceSummaryResponse } from './instance.response.js';
import { InstancesService } from './instances.service.js';

/**
 * The answers that open dashboards request repeatedly, as JSON that is ready to send. Requests for the same answer at
 * the same time share one read, and no request gets an answer that was read before it arrived.
 */
@Injectable()
export class InstanceAnswers {
  private readonly shared = new SharedReads<Buffer>();

  constructor(private readonly instances: InstancesService) {}

  /** JSON of {@link InstanceListResponse}. */
  list(organizationId: string, filters: InstanceFilters, page: PageRequest): Promise<Buffer> {
    return this.shared.read(JSON.stringify(['list', organizationId, filters, page]), async () => {
      const { items, total, nextCursor } = await this.instances.list(organizationId, filters, page);
      return toJson<InstanceListResponse>({ items: items.map(toInstanceResponse), total, next_cursor: nextCursor });
    });
  }

  /** JSON of {@link InstanceSummaryResponse}. */
  summary(organizationId: string): Promise<Buffer> {
    return this.shared.read(JSON.stringify(['summary', organizationId]), async () => {
      const { byStatus, bySeverity, byRuleType, openBySeverity, openByRuleType, recent } =
        await this.instances.summary(organizationId);
      return toJson<InstanceSummaryResponse>({
        total_open: byStatus.open,
        total_acknowledged: byStatus.acknowledged,
        total_resolved: byStatus.resolved,
        total_dismissed: byStatus.dismissed,
        by_severity: bySeverity,
        by_rule_type: byRuleType,
        open_by_severity: openBySeverity,
        open_by_rule_type: openByRuleType,
        recent_alerts: recent.map(toInstanceResponse),
      });
    });
  }
}

function toJson<Response>(response: Response): Buffer {
  return Buffer.from(JSON.stringify(response));
}
