import { labelsFingerprint } from './labels-fingerprint.js';

describe('the fingerprint of labels', () => {
  // The expected values of Prometheus' own tests.
  it('equals the one of Prometheus', () => {
    expect(labelsFingerprint({})).toBe(14695981039346656037n.toString(16));
    expect(labelsFingerprint({ name: 'garland, briggs', fear: 'love is not enough' })).toBe(
      5799056148416392346n.toString(16).padStart(16, '0'),
    );
  });

  it('does not depend on the order of labels', () => {
    expect(labelsFingerprint({ b: '2', a: '1' })).toBe(labelsFingerprint({ a: '1', b: '2' }));
  });
});
