import { Matches } from 'class-validator';

const NAME = /^(?=.*\S)[^\p{Cc}]{1,200}$/u;

/** What people call something: it is shown on one line, so it holds no control character, and something of it must be seen. */
export function IsName(): PropertyDecorator {
  return Matches(NAME, { message: 'must be text of 1 to 200 characters, none of them a control character' });
}
