import type { TechniqueStatus } from '../technique-status.js';

/** A technique in force, and what the organisation knows of it. */
export interface ExportedTechnique {
  attackId: string;
  name: string;
  domain: string;
  tactics: string[];
  platforms: string[];
  statusGlobal: TechniqueStatus;
  lastReviewDate: Date | null;
  riskScore: number | null;
  ownerEmail: string | null;
}

/** What was known of a technique at an instant. */
export type PastImage = Pick<ExportedTechnique, 'statusGlobal' | 'lastReviewDate' | 'riskScore' | 'ownerEmail'> & {
  inForce: boolean;
};

/** What became of a technique between two instants. */
export interface ExportedChange extends Pick<
  ExportedTechnique,
  'attackId' | 'name' | 'domain' | 'tactics' | 'platforms'
> {
  /** Null: the catalogue had no such technique, or the history does not reach back to it. */
  before: PastImage | null;
  after: PastImage | null;
  /** `catalogue`: ATT&CK brought it into force or took it out of it. `posture`: what the organisation knows of it changed. */
  cause: 'posture' | 'catalogue';
}
