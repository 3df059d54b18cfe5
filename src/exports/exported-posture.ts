import type { TechniqueStatus } from '../posture/words/index.js';

/** A technique in force, with the organisation's posture. */
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

/** The posture of a technique at an instant. */
export type PastImage = Pick<ExportedTechnique, 'statusGlobal' | 'lastReviewDate' | 'riskScore' | 'ownerEmail'> & {
  inForce: boolean;
};

/** The change of a technique between two instants. */
export interface ExportedChange extends Pick<ExportedTechnique, 'attackId' | 'name' | 'domain' | 'tactics'> {
  /** Null: the catalogue did not have the technique yet, or the history does not reach back that far. */
  before: PastImage | null;
  after: PastImage | null;
  cause: ChangeCause;
}

/**
 * `posture`: the organisation changed the posture. `catalogue`: an ATT&CK release added the technique or changed
 * whether it is in force. `not_known`: the history does not reach back far enough.
 */
export const CHANGE_CAUSES = ['posture', 'catalogue', 'not_known'] as const;
export type ChangeCause = (typeof CHANGE_CAUSES)[number];
