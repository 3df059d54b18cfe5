import { describe, expect, it } from '@jest/globals';
import { decodeBundle } from './decode-bundle.js';

describe('decodeBundle', () => {
  it('reads UTF-8 with and without a byte order mark', () => {
    expect(decodeBundle(Buffer.from('{"a": "é€😀"}'))).toBe('{"a": "é€😀"}');
    expect(decodeBundle(Buffer.from('\uFEFF{"a": 1}'))).toBe('{"a": 1}');
    expect(decodeBundle(Buffer.from('{'))).toBe('{');
  });

  it.each([
    ['little-endian UTF-16', Buffer.from('\uFEFF{"a": 1}', 'utf16le'), 'UTF-16'],
    ['little-endian UTF-16 without a mark', Buffer.from('{"a": 1}', 'utf16le'), 'UTF-16'],
    ['big-endian UTF-16', Buffer.from('\uFEFF{"a": 1}', 'utf16le').swap16(), 'UTF-16'],
    ['big-endian UTF-16 without a mark', Buffer.from('{"a": 1}', 'utf16le').swap16(), 'UTF-16'],
    ['Latin-1', Buffer.from('{"a": "é"}', 'latin1'), 'not valid UTF-8'],
    ['gzip', Buffer.from([0x1f, 0x8b, 0x08, 0x00]), 'gzip'],
    ['zip', Buffer.from([0x50, 0x4b, 0x03, 0x04]), 'zip'],
  ])('refuses %s', (_, bytes, words) => {
    expect(() => decodeBundle(bytes)).toThrow(
      expect.objectContaining({ fault: 'wrong_encoding', message: expect.stringContaining(words) }),
    );
  });

  it('refuses an empty file', () => {
    expect(() => decodeBundle(Buffer.alloc(0))).toThrow(expect.objectContaining({ fault: 'empty' }));
  });
});
