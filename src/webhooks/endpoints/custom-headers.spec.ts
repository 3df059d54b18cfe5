import { headerProblems, normalHeaders } from './custom-headers.js';

describe('custom headers', () => {
  it.each([
    [{}],
    [{ 'X-Token': 'abc 123', authorization: 'Bearer a.b-c' }],
    [{ [`x-${'a'.repeat(98)}`]: 'v'.repeat(1_000) }],
    [Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`x-${index}`, 'v']))],
  ])('accepts %j', (headers) => {
    expect(headerProblems(headers)).toEqual([]);
  });

  it.each([
    ['a line break', { 'x-token': 'SECRET\r\nx-evil: 1' }, 'headers.x-token'],
    ['a line feed alone', { 'x-token': 'SECRET\nx' }, 'headers.x-token'],
    ['a NUL', { 'x-token': 'SECRET\0' }, 'headers.x-token'],
    ['letters beyond ASCII', { 'x-token': 'SECRET é' }, 'headers.x-token'],
    ['an empty value', { 'x-token': '' }, 'headers.x-token'],
    ['a blank at the end', { 'x-token': 'SECRET ' }, 'headers.x-token'],
    ['a long value', { 'x-token': 'SECRET'.repeat(200) }, 'headers.x-token'],
    ['a value that is no text', { 'x-token': 7 }, 'headers.x-token'],
    ['a name with a blank', { 'x token': 'SECRET' }, 'headers.x?token'],
    ['a name with a colon', { 'x:token': 'SECRET' }, 'headers.x:token'],
    ['a name with a line break', { 'x\r\nhost': 'SECRET' }, 'headers.x??host'],
    ['an empty name', { '': 'SECRET' }, 'headers.'],
    ['a long name', { ['x'.repeat(101)]: 'SECRET' }, `headers.${'x'.repeat(100)}`],
    ['the host', { Host: 'SECRET' }, 'headers.Host'],
    ['the content type', { 'Content-Type': 'SECRET' }, 'headers.Content-Type'],
    ['the length', { 'content-length': '7' }, 'headers.content-length'],
    ['the signature', { 'Webhook-Signature': 'SECRET' }, 'headers.Webhook-Signature'],
    ['a hop-by-hop header', { connection: 'close' }, 'headers.connection'],
    ['the framing', { 'transfer-encoding': 'chunked' }, 'headers.transfer-encoding'],
    ['a name twice', { 'x-token': 'SECRET', 'X-Token': 'SECRET' }, 'headers.X-Token'],
    ['too many', Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`x-${index}`, 'v'])), 'headers'],
    ['a list', ['x-token'], 'headers'],
    ['nothing', null, 'headers'],
  ])('rejects %s, and shows the name of the header but not its value', (_, headers, field) => {
    const problems = headerProblems(headers);

    expect(problems).toMatchObject([{ field }]);
    expect(JSON.stringify(problems)).not.toContain('SECRET');
  });

  it('sends names in lower case', () => {
    expect(normalHeaders({ 'X-Token': 'A' })).toEqual({ 'x-token': 'A' });
  });
});
