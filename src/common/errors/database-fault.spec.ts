import { describe, expect, it } from '@jest/globals';
import { QueryFailedError, QueryRunnerProviderAlreadyReleasedError } from 'typeorm';
import { isPassingDatabaseFault } from './database-fault.js';

const coded = (code: string): Error => Object.assign(new Error('it failed'), { code });

describe('isPassingDatabaseFault', () => {
  it.each([
    coded('57P01'),
    coded('08006'),
    coded('53300'),
    coded('57014'),
    coded('40P01'),
    coded('ECONNREFUSED'),
    new Error('Connection terminated unexpectedly'),
    new Error('timeout exceeded when trying to connect'),
    new QueryRunnerProviderAlreadyReleasedError(),
  ])('is true for %s, also when the ORM wraps it', (error) => {
    expect(isPassingDatabaseFault(error)).toBe(true);
    expect(isPassingDatabaseFault(new QueryFailedError('SELECT 1', [], error))).toBe(true);
  });

  it.each([coded('23505'), coded('42601'), coded('22P05'), new Error('Connection'), 'ECONNREFUSED', undefined])(
    'is false for %s',
    (error) => {
      expect(isPassingDatabaseFault(error)).toBe(false);
    },
  );
});
