import fc from 'fast-check';
import { CHARACTERS, fitText, JSON_BYTES, plainText } from './plain-text.js';

describe('a fitted text', () => {
  it.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['abcd', 1, '…'],
    ['abcd', 0, ''],
    ['a😀b', 4, 'a😀b'],
    ['a😀bc', 4, 'a😀…'],
    ['a😀bc', 3, 'a…'],
    ['', 0, ''],
  ])('%j to %d characters is %j', (text, limit, fitted) => {
    expect(fitText(text, limit)).toBe(fitted);
  });

  it('is measured in bytes of JSON for receivers that count bytes', () => {
    // Each quote takes two bytes. Each of the other characters takes three, as does the ellipsis.
    expect(fitText('"""', 6, JSON_BYTES)).toBe('"""');
    expect(fitText('""""', 7, JSON_BYTES)).toBe('""…');
    expect(fitText('漢字漢', 8, JSON_BYTES)).toBe('漢…');
  });

  it('never exceeds the limit, and loses no more than necessary', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.nat({ max: 40 }),
        fc.constantFrom(CHARACTERS, JSON_BYTES),
        (text, limit, measure) => {
          const sizeOf = (whole: string): number => [...whole].reduce((sum, piece) => sum + measure.sizeOf(piece), 0);
          const fitted = fitText(text, limit, measure);
          expect(sizeOf(fitted)).toBeLessThanOrEqual(limit);
          if (sizeOf(text) <= limit) {
            expect(fitted).toBe(text);
          } else if (fitted !== '') {
            const kept = fitted.slice(0, -1);
            expect(text.startsWith(kept)).toBe(true);
            const next = [...text.slice(kept.length)][0] ?? '';
            expect(sizeOf(`${kept}${next}…`)).toBeGreaterThan(limit);
          }
        },
      ),
    );
  });
});

describe('plain text', () => {
  it.each([
    ['a\r\nb\u2028c', 'a\nb\nc'],
    ['tab\there', 'tab here'],
    ['\u0000\u001B[31m\u009Bred', '��[31m�red'],
    ['\u202Egnp.exe\u2066x', '�gnp.exe�x'],
    ['half \uD83D pair', 'half � pair'],
    ['whole 😀 pair, 👩‍🚀 and na\u00EFve', 'whole 😀 pair, 👩‍🚀 and naïve'],
  ])('of %j is %j', (text, plain) => {
    expect(plainText(text)).toBe(plain);
  });
});
