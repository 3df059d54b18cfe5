import { PartialType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean, IsEmail, IsIn, IsString, Length } from 'class-validator';
import { ROLES, type Role } from '../common/access/index.js';
import { IsGiven } from '../common/is-given.js';
import { IsName } from '../common/is-name.js';
import { PASSWORD_LENGTH, PASSWORD_RULE } from './password-hasher.js';

const ROLE_RULE = { message: `must be one of ${ROLES.join(', ')}` };

/** The fields that a new member and a change share. */
class MemberSettings {
  /** The user's role: `admin`, `red_lead`, `blue_lead`, `analyst` or `viewer`. */
  @IsIn(ROLES, ROLE_RULE)
  role: Role;
}

/** A new member of the organisation. */
export class CreateUserRequest extends MemberSettings {
  /** The sign-in name, in any case. An address that already has an account, in any organisation, is refused. */
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value))
  @IsEmail({}, { message: 'must be an e-mail address' })
  email: string;

  /** The user's name, 1 to 200 characters. */
  @IsName()
  display_name: string;

  /** The first password, 12 to 200 characters. */
  @IsString({ message: PASSWORD_RULE })
  @Length(PASSWORD_LENGTH.min, PASSWORD_LENGTH.max, { message: PASSWORD_RULE })
  password: string;
}

/** Changes to a member. A field that is left out stays unchanged. */
export class UpdateUserRequest extends PartialType(MemberSettings, { skipNullProperties: false }) {
  /** Whether the user may work in the organisation. */
  @IsGiven()
  @IsBoolean({ message: 'must be true or false' })
  is_active?: boolean;
}
