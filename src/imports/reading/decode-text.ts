import { TextDecoder } from 'node:util';
import { sniffBytes } from '../../files/sniff-bytes.js';
import { PostureFileError } from '../observations/posture-file.error.js';

/**
 * Decodes a file chunk by chunk. It may be UTF-8 with or without a byte order mark, or UTF-16 with one, which
 * spreadsheets and PowerShell write.
 * @throws PostureFileError `empty` or `wrong_encoding`
 */
export async function* decodeText(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined;
  for await (const chunk of bytes) {
    decoder ??= decoderFor(chunk);
    yield textOf(decoder, chunk);
  }
  if (!decoder) throw new PostureFileError('empty', 'the file is empty');
  yield textOf(decoder);
}

function decoderFor(firstBytes: Uint8Array): TextDecoder {
  const sniffed = sniffBytes(firstBytes);
  if (sniffed === 'gzip' || sniffed === 'zip') {
    throw new PostureFileError('wrong_encoding', `the file is a ${sniffed} archive: unpack it and give the file in it`);
  }
  if (sniffed === 'utf-16') {
    throw new PostureFileError('wrong_encoding', 'the file is UTF-16 without a byte order mark: save it as UTF-8');
  }
  return new TextDecoder(sniffed ?? 'utf-8', { fatal: true });
}

function textOf(decoder: TextDecoder, chunk?: Uint8Array): string {
  let text: string;
  try {
    text = decoder.decode(chunk, { stream: chunk !== undefined });
  } catch {
    throw new PostureFileError(
      'wrong_encoding',
      `the file is not valid ${decoder.encoding.toUpperCase()}: save it as UTF-8`,
    );
  }
  if (text.includes('\0')) {
    throw new PostureFileError('wrong_encoding', 'the file holds the character U+0000: it is not a text file');
  }
  return text;
}
