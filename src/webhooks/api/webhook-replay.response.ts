import { ApiProperty } from '@nestjs/swagger';
import type { Page } from '../../common/pagination/index.js';
import { toIso } from '../../common/wire.js';
import type { WebhookReplay } from './webhook-replay.entity.js';

/** What a replay came to, or would come to. */
export class ReplayResponse {
  dry_run: boolean;
  /** How many deliveries are sent again, or would be. */
  @ApiProperty({ type: 'integer' })
  count: number;
}

/** A replay that somebody asked for. */
export class ReplayRecordResponse {
  id: string;
  /** What was asked for. */
  @ApiProperty({ type: 'object', additionalProperties: true })
  filter: Record<string, unknown>;
  @ApiProperty({ type: 'integer' })
  count: number;
  /** The user or API key. */
  requested_by: string;
  /** ISO 8601, UTC. */
  requested_at: string;
}

/** A page of replays. */
export class ReplayPageResponse {
  items: ReplayRecordResponse[];
  /** How many there are in all. */
  @ApiProperty({ type: 'integer' })
  total: number;
  /** The `cursor` of the next page; null on the last. */
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
