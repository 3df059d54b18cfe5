import { POSTURE_FILE_FORMATS, type ParseContext, type PostureFileFormat } from '../formats/index.js';
import type { ParsedFile } from '../observations/observation.js';
import { PostureFileError, type PostureFileFault } from '../observations/posture-file.error.js';

/** How many characters from the start of a text show its format. */
const HEAD_LENGTH = 64 * 1024;

/** Faults that a file in another format causes. */
const FORMAT_FAULTS: readonly PostureFileFault[] = ['wrong_format', 'not_json', 'not_yaml', 'broken_csv'];

const MEBIBYTE = 1024 * 1024;

/**
 * Parses the text of a file in its format.
 * @throws PostureFileError when the file is unusable as a whole. It names the format that the text looks like, where
 * that is another.
 */
export async function parseFile(
  text: AsyncIterable<string>,
  format: PostureFileFormat,
  context: ParseContext,
): Promise<ParsedFile> {
  let head = '';
  async function* watched(): AsyncGenerator<string> {
    let length = 0;
    for await (const chunk of text) {
      length += chunk.length;
      if (format.maxLength !== undefined && length > format.maxLength) throw tooLong(format, format.maxLength);
      if (head.length < HEAD_LENGTH) head += chunk.slice(0, HEAD_LENGTH - head.length);
      yield chunk;
    }
  }
  try {
    return await format.parse(watched(), context);
  } catch (error) {
    if (!(error instanceof PostureFileError) || !FORMAT_FAULTS.includes(error.fault)) throw error;
    const other = format.recognises(head) ? undefined : POSTURE_FILE_FORMATS.find((known) => known.recognises(head));
    throw other ? new PostureFileError(error.fault, withHint(error, other)) : error;
  }
}

function withHint({ message }: PostureFileError, { name, command, description }: PostureFileFormat): string {
  return `${message}; it looks like ${description}: choose the format ${name} (on the command line, import ${command})`;
}

function tooLong({ description }: PostureFileFormat, maxLength: number): PostureFileError {
  return new PostureFileError('too_large', `${description} must have at most ${maxLength / MEBIBYTE} MiB`);
}
