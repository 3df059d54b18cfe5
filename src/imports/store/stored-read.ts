import type { ReadPostureFile } from '../reading/posture-file-messages.js';

/** Converts what was read from a file to and from stored JSON, where instants are text. */
export function toStoredRead(read: ReadPostureFile): Record<string, unknown> {
  return { ...read };
}

export function fromStoredRead(stored: Record<string, unknown>): ReadPostureFile {
  const read = stored as unknown as ReadPostureFile;
  return {
    ...read,
    proposals: read.proposals.map((proposal) =>
      typeof proposal.lastReviewDate === 'string'
        ? { ...proposal, lastReviewDate: new Date(proposal.lastReviewDate) }
        : proposal,
    ),
  };
}
