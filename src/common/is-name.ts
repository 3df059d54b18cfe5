import { Matches } from 'class-validator';

const NAME = /^(?=.*\S)[^\p{Cc}]{1,200}$/u;

/** Validates a name. It is shown on one line, so it has no control characters and at least one visible character. */
export function IsName(): PropertyDecorator {
  return Matches(NAME, { message: 'must be text of 1 to 200 characters, none of them a control character' });
}
