import { sniffBytes } from '../../files/sniff-bytes.js';
import { StixBundleError } from './stix-bundle.error.js';

/**
 * Decodes the bytes of a bundle. JSON is UTF-8 (RFC 8259, section 8.1); a byte order mark is accepted.
 * @throws StixBundleError `empty` or `wrong_encoding`
 */
export function decodeBundle(bytes: Uint8Array): string {
  if (bytes.length === 0) throw new StixBundleError('empty', 'the file is empty: a STIX bundle is a JSON document');
  const sniffed = sniffBytes(bytes);
  if (sniffed === 'gzip' || sniffed === 'zip') throw packed(sniffed);
  if (sniffed !== null) throw utf16();
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new StixBundleError(
      'wrong_encoding',
      'the file is not valid UTF-8: a STIX bundle is a JSON document in UTF-8',
    );
  }
}

function utf16(): StixBundleError {
  return new StixBundleError('wrong_encoding', 'the file is UTF-16: save it as UTF-8, which JSON requires');
}

function packed(format: string): StixBundleError {
  return new StixBundleError(
    'wrong_encoding',
    `the file is a ${format} archive: unpack it and give the JSON document in it`,
  );
}
