import { isSlug, numberedSlug, slugOf } from './slug.js';

describe('slugOf', () => {
  test.each([
    ['Acme', 'acme'],
    ['Björk & Söner AB', 'bjork-soner-ab'],
    ['  Harbour Mutual (demo) ', 'harbour-mutual-demo'],
    ['日本', 'organisation'],
    ['!!!', 'organisation'],
  ])('%s becomes %s', (name, slug) => {
    expect(slugOf(name)).toBe(slug);
  });

  test('makes a valid slug from a name of any length', () => {
    const slug = slugOf('abcdefgh '.repeat(30));
    expect(isSlug(slug)).toBe(true);
    expect(slug).toHaveLength(62);
  });
});

describe('numberedSlug', () => {
  test('adds a number from the second attempt on', () => {
    expect([1, 2, 3].map((attempt) => numberedSlug('acme', attempt))).toEqual(['acme', 'acme-2', 'acme-3']);
  });

  test('shortens a slug of maximum length to make room for the number', () => {
    const numbered = numberedSlug('a'.repeat(63), 12);
    expect(numbered).toBe(`${'a'.repeat(60)}-12`);
    expect(isSlug(numbered)).toBe(true);
  });
});

test.each(['', '-acme', 'acme-', 'Acme', 'a_b', 'a b', 'a'.repeat(64)])('%j is not a slug', (text) => {
  expect(isSlug(text)).toBe(false);
});
