import { shownUrl } from './shown-url.js';

it.each([
  ['standard', 'https://example.com/hooks/vedette', 'https://example.com/hooks/vedette'],
  ['standard', 'https://example.com:8443/hooks?token=SECRET', 'https://example.com:8443/hooks?…'],
  ['slack', 'https://hooks.slack.com/services/T0/B0/SECRET', 'https://hooks.slack.com/…'],
  ['teams', 'https://example.com/workflows/SECRET?sig=SECRET', 'https://example.com/…'],
  ['standard', 'no url', ''],
])('shows the URL of a %s endpoint, %s, as %s', (format, url, shown) => {
  expect(shownUrl(url, format)).toBe(shown);
});
