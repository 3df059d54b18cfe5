import { DomainError, type ErrorCode } from '../../common/errors/index.js';
import type { FileFaultCode } from '../../files/file-reader.js';

/** Why a posture file cannot be used at all. Stable: programs may look at it. */
export type PostureFileFault =
  | FileFaultCode
  | 'wrong_encoding'
  | 'truncated'
  | 'not_json'
  | 'not_yaml'
  | 'broken_csv'
  | 'too_deep'
  | 'alias_bomb'
  | 'wrong_format'
  | 'unknown_version'
  | 'unknown_domain'
  | 'nothing_found'
  | 'too_many';

const CODE_OF: Partial<Record<PostureFileFault, ErrorCode>> = {
  too_large: 'payload_too_large',
  reader_failed: 'unavailable',
  interrupted: 'unavailable',
};

/**
 * A file that is unusable as a whole. A single unusable entry is left out and listed instead. The message names no
 * path.
 */
export class PostureFileError extends DomainError {
  constructor(
    readonly fault: PostureFileFault,
    message: string,
  ) {
    super(CODE_OF[fault] ?? 'invalid_input', message, [{ field: 'file', message }], { fault });
    this.name = 'PostureFileError';
  }
}
