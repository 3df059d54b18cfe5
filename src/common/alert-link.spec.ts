import { alertLink } from './alert-link.js';

const ID = '01958f6e-7a00-7000-8000-00000000a1e7';

it.each([
  ['https://vedette.example', `https://vedette.example/alerts/${ID}`],
  ['https://vedette.example/', `https://vedette.example/alerts/${ID}`],
  ['http://intranet:8080/soc/vedette/', `http://intranet:8080/soc/vedette/alerts/${ID}`],
  ['https://vedette.example/?from=mail#top', `https://vedette.example/alerts/${ID}`],
  ['https://user:secret@vedette.example/', `https://vedette.example/alerts/${ID}`],
  ['https://vedette.example/<a b>', `https://vedette.example/%3Ca%20b%3E/alerts/${ID}`],
])('builds the link to an alert for the public address %s', (publicUrl, expected) => {
  expect(alertLink(publicUrl, ID)).toBe(expected);
});

it('escapes the id, so that it cannot change the path', () => {
  expect(alertLink('https://vedette.example', '../docs?x#y')).toBe('https://vedette.example/alerts/..%2Fdocs%3Fx%23y');
});
