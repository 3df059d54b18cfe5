import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { EvaluationTrigger, StoredOutcome } from './rule-outcome.js';

/** One evaluation of rules of an organisation, with the outcome of each rule. */
@Entity('evaluation_run')
@ForeignKey('Organization', ['organizationId'], ['id'], { onDelete: 'CASCADE' })
@Index('evaluation_run_started_at_idx', ['startedAt'])
@Index('evaluation_run_newest_idx', ['organizationId', 'startedAt', 'id'])
@Check('evaluation_run_trigger_check', `trigger IN ('cron', 'posture_change', 'manual')`)
export class EvaluationRun {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'uuid' })
  organizationId: string;

  @Column({ type: 'text' })
  trigger: EvaluationTrigger;

  @Column({ type: 'uuid', nullable: true })
  requestedBy: string | null;

  @Column({ type: 'timestamptz' })
  startedAt: Date;

  @Column({ type: 'double precision' })
  durationSeconds: number;

  @Column({ type: 'integer' })
  rulesEvaluated: number;

  @Column({ type: 'integer' })
  alertsFired: number;

  @Column({ type: 'jsonb' })
  outcomes: StoredOutcome[];
}
