import { DomainError, type ErrorCode } from '../../common/errors/index.js';

/** Why a STIX bundle cannot be read at all. Stable: programs may look at it. */
export type StixBundleFault =
  | 'file_missing'
  | 'not_a_file'
  | 'file_unreadable'
  | 'too_large'
  | 'timeout'
  | 'interrupted'
  | 'reader_failed'
  | 'empty'
  | 'wrong_encoding'
  | 'not_json'
  | 'truncated'
  | 'too_deep'
  | 'not_a_bundle'
  | 'objects_missing'
  | 'no_techniques'
  | 'mixed_domains'
  | 'unknown_domain'
  | 'domain_mismatch'
  | 'version_mismatch'
  | 'shared_attack_id'
  | 'bad_option';

const CODE_OF: Partial<Record<StixBundleFault, ErrorCode>> = {
  too_large: 'payload_too_large',
  reader_failed: 'unavailable',
};

/**
 * A bundle that is unusable as a whole. A single malformed object is skipped and counted instead. The message names no
 * path.
 */
export class StixBundleError extends DomainError {
  constructor(
    readonly fault: StixBundleFault,
    message: string,
  ) {
    super(CODE_OF[fault] ?? 'invalid_input', message, [], { fault });
    this.name = 'StixBundleError';
  }
}
