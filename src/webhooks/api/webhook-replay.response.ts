import { ApiProperty } from '@nestjs/swagger';
import type { Page } from '../../common/pagination/index.js';
import { toIso } from '../../common/wire.js';
import type { WebhookReplay } from './webhook-replay.entity.js';

/** The result of a replay or of a dry run. */
export class ReplayResponse {
  dry_run: boolean;
  /** The number of deliveries that are sent again, or would be. */
  @ApiProperty({ type: 'integer' })
  count: number;
}

/** A replay on record. */
export class ReplayRecordResponse {
  id: string;
  /** The requested filter. */
  @ApiProperty({ type: 'object', additionalProperties: true })
  filter: Record<string, unknown>;
  @ApiProperty({ type: 'integer' })
  count: number;
  /** The id of the user or API key. */
  requested_by: string;
  /** ISO 8601, UTC. */
  requested_at: string;
}

/** A page of replays. */
export class ReplayPageResponse {
  items: ReplayRecordResponse[];
  /** The total number. */
  @ApiProperty({ type: 'integer' })
  total: number;
  /** The `cursor` of the next page; null on the last page. */
  next_cursor: string | null;
}

export function toReplayPageResponse({ items, total, nextCursor }: Page<WebhookReplay>): ReplayPageResponse {
  return {
    items: items.map((replay) => ({
      id: replay.id,
      filter: replay.filter,
      count: replay.deliveryCount,
      requested_by: replay.requestedBy,
      requested_at: toIso(replay.requestedAt),
    })),
    total,
    next_cursor: nextCursor,
  };
}
