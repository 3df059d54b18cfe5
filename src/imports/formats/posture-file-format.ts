import type { FileContent, ParsedFile } from '../observations/observation.js';

/** What a format must know to read a file. */
export interface ParseContext<Content extends FileContent = FileContent> {
  /** The content that the preset of the import reads: one of the format's `contents`. */
  content: Content;
  /** Dates after this instant lie in the future and are refused. */
  now: Date;
}

/**
 * A format of files that posture is imported from. A new format is one file with one of these, and one entry in the
 * list.
 */
export interface PostureFileFormat<Content extends FileContent = FileContent> {
  /** Stable: requests name it, and imports store it. */
  name: string;
  /** The command below `vedette import` that reads it. */
  command: string;
  /** What such a file is, with its article: it completes `posture from ...` and `it looks like ...`. */
  description: string;
  /** The usual endings of file names, for help texts. */
  fileEndings: readonly string[];
  /** What such a file can hold. Every preset that reads one of these is offered for the format. */
  contents: readonly Content[];
  /** The longest text that is read, in characters. Absent: only the limit of uploads applies. */
  maxLength?: number;
  /** Whether the start of a text looks like this format. An error uses it to name the right format. */
  recognises(head: string): boolean;
  /**
   * @throws PostureFileError when the file is unusable as a whole; a single unusable entry goes to the problems
   * instead.
   */
  parse(text: AsyncIterable<string>, context: ParseContext<Content>): Promise<ParsedFile>;
}
