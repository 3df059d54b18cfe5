import type { TechniqueStatus } from '../posture/words/index.js';

/** A technique in force, and what the organisation knows of it. */
export interface ExportedTechnique {
  attackId: string;
  name: string;
  domain: string;
  tactics: string[];
  statusGlobal: TechniqueStatus;
  lastReviewDate: Date | null;
  riskScore: number | null;
  ownerEmail: string | null;
  tags: string[];
}

/** What was known of a technique at an instant. */
export type PastImage = Pick<ExportedTechnique, 'statusGlobal' | 'lastReviewDate' | 'riskScore' | 'ownerEmail'> & {
  inForce: boolean;
};

/** What became of a technique between two instants. */
export interface ExportedChange extends Pick<ExportedTechnique, 'attackId' | 'name' | 'domain' | 'tactics'> {
  /** Null: the catalogue had no such technique yet, or what was known is not kept any more. */
  before: PastImage | null;
  after: PastImage | null;
  cause: ChangeCause;
}

/**
 * `posture`: what the organisation knows of it changed. `catalogue`: a release of ATT&CK brought it into the catalogue, into force or out of it. `not_known`: what was
 * known before is not kept any more.
 */
export const CHANGE_CAUSES = ['posture', 'catalogue', 'not_known'] as const;
export type ChangeCause = (typeof CHANGE_CAUSES)[number];
