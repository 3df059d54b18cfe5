import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { conflict, invalidField } from '../../common/errors/index.js';
import { queryRows } from '../../database/index.js';
import { PostureWriter } from '../../posture/index.js';
import { type ReviewOutcome, type TechniqueStatus, isInTheFuture } from '../../posture/words/index.js';

/** The test was fully detected, partly detected, or not detected. */
const STATUS_OF: Record<ReviewOutcome, TechniqueStatus> = {
  passed: 'validated',
  partial: 'partial',
  failed: 'not_covered',
};

export interface Review {
  outcome: ReviewOutcome;
  /** Left out: now. */
  reviewedAt?: Date;
}

/** The queue item of a review. */
export interface ReviewedItem {
  id: string;
  techniqueId: string;
  attackId: string;
}

/** Writes the outcome of a review into the posture of its technique. */
@Injectable()
export class ReviewOutcomes {
  constructor(
    private readonly writer: PostureWriter,
    private readonly clock: Clock,
  ) {}

  /**
   * Sets the review date and the status that follows from the outcome.
   * @returns the review date.
   * @throws DomainError `invalid_input` for a review in the future or before the last one, `conflict` for a technique
   * that is not applicable.
   */
  async record(
    manager: EntityManager,
    organizationId: string,
    item: ReviewedItem,
    { outcome, reviewedAt }: Review,
    actorId: string,
  ): Promise<Date> {
    const now = this.clock.now();
    if (reviewedAt && isInTheFuture(reviewedAt, now)) throw invalidField('reviewed_at', 'must not lie in the future');
    await this.writer.lock(manager, organizationId, [item.techniqueId]);
    const last = await this.lastReview(manager, organizationId, item);
    if (reviewedAt && last && reviewedAt < last) {
      throw invalidField(
        'reviewed_at',
        `must not lie before the last review of ${item.attackId}, ${last.toISOString()}`,
      );
    }
    // The last review may come from a clock that runs ahead.
    const lastReviewDate = reviewedAt ?? (last && last > now ? last : now);
    await this.writer.write(
      manager,
      organizationId,
      [{ techniqueId: item.techniqueId, statusGlobal: STATUS_OF[outcome], lastReviewDate }],
      { actorId, source: 'queue', changeId: item.id },
    );
    return lastReviewDate;
  }

  private async lastReview(manager: EntityManager, organizationId: string, item: ReviewedItem): Promise<Date | null> {
    const [posture] = await queryRows<{ status: TechniqueStatus; last: Date | null }>(
      manager,
      'SELECT status_global AS status, last_review_date AS last FROM posture WHERE organization_id = $1 AND technique_id = $2',
      [organizationId, item.techniqueId],
    );
    if (posture!.status === 'not_applicable') {
      throw conflict(
        `${item.attackId} is not_applicable here: cancel the item, or give the technique another status first`,
      );
    }
    return posture!.last;
  }
}
