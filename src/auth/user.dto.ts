import { Transform } from 'class-transformer';
import { IsBoolean, IsEmail, IsIn, IsString, Length, ValidateIf } from 'class-validator';
import { ROLES, type Role } from '../common/access/index.js';
import { IsName } from '../common/is-name.js';
import { PASSWORD_LENGTH, PASSWORD_RULE } from './password-hasher.js';

const ROLE_RULE = { message: `must be one of ${ROLES.join(', ')}` };

/** Somebody who joins the organisation. */
export class CreateUserRequest {
  /** What they sign in with; upper and lower case are the same. An address that has an account already, in any organisation, is refused. */
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value))
  @IsEmail({}, { message: 'must be an e-mail address' })
  email: string;

  /** What they are called, 1 to 200 characters. */
  @IsName()
  display_name: string;

  /** What they may do: `admin`, `red_lead`, `blue_lead`, `analyst` or `viewer`. */
  @IsIn(ROLES, ROLE_RULE)
  role: Role;

  /** Their first password, 12 to 200 characters. */
  @IsString({ message: PASSWORD_RULE })
  @Length(PASSWORD_LENGTH.min, PASSWORD_LENGTH.max, { message: PASSWORD_RULE })
  password: string;
}

/** What to change of a member; what is left out stays. */
export class UpdateUserRequest {
  /** What they may do: `admin`, `red_lead`, `blue_lead`, `analyst` or `viewer`. */
  @ValidateIf((_, value) => value !== undefined)
  @IsIn(ROLES, ROLE_RULE)
  role?: Role;

  /** Whether they may work in the organisation at all. */
  @ValidateIf((_, value) => value !== undefined)
  @IsBoolean({ message: 'must be true or false' })
  is_active?: boolean;
}
