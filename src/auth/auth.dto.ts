import { Transform } from 'class-transformer';
import { IsOptional, IsString, IsUUID, Length, MaxLength } from 'class-validator';
import { PASSWORD_LENGTH, PASSWORD_RULE } from './password-hasher.js';

const ORGANIZATION_RULE = { message: 'must be the id of an organisation' };

/** A UUID may be upper or lower case (RFC 9562, section 4); stored ids are in lower case. */
function lowerCase({ value }: { value: unknown }): unknown {
  return typeof value === 'string' ? value.toLowerCase() : value;
}

/** The credentials of a user. */
export class LoginRequest {
  /** The e-mail address, in any case. */
  @IsString({ message: 'must be an e-mail address' })
  @MaxLength(320, { message: 'must be an e-mail address of at most 320 characters' })
  email: string;

  /** The password. */
  @IsString({ message: 'must be text' })
  @MaxLength(200, { message: 'must be text of at most 200 characters' })
  password: string;

  /** The organisation to work in. Left out: the one that the user joined first. */
  @IsOptional()
  @Transform(lowerCase)
  @IsUUID(undefined, ORGANIZATION_RULE)
  organization_id?: string;
}

export class RefreshRequest {
  /** The organisation to switch to. Left out: the current one. */
  @IsOptional()
  @Transform(lowerCase)
  @IsUUID(undefined, ORGANIZATION_RULE)
  organization_id?: string;
}

/** A change of the caller's own password. */
export class ChangePasswordRequest {
  /** The current password. */
  @IsString({ message: 'must be text' })
  @MaxLength(200, { message: 'must be text of at most 200 characters' })
  current_password: string;

  /** The new password, 12 to 200 characters. */
  @IsString({ message: PASSWORD_RULE })
  @Length(PASSWORD_LENGTH.min, PASSWORD_LENGTH.max, { message: PASSWORD_RULE })
  new_password: string;
}
