import { QueryFailedError } from 'typeorm';

/** Whether a statement failed because it violated the constraint or unique index `name`. */
export function violatesConstraint(error: unknown, name: string): boolean {
  return (
    error instanceof QueryFailedError && (error.driverError as { constraint?: string } | undefined)?.constraint === name
  );
}
