import { ApiProperty } from '@nestjs/swagger';
import { ROLES, type Role } from '../common/access/index.js';

/** The signed-in user. */
export class SignedInUserResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;
  email: string;
  display_name: string;
}

export class SignInOrganizationResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;
  name: string;
}

/** A sign-in. The refresh token is in the `vedette_refresh` cookie. */
export class SignInResponse {
  /** To send as `Authorization: Bearer ...`. */
  access_token: string;
  @ApiProperty({ enum: ['Bearer'] })
  token_type: 'Bearer';
  /** Seconds until the access token expires. */
  @ApiProperty({ type: 'integer' })
  expires_in: number;
  organization: SignInOrganizationResponse;
  user: SignedInUserResponse;
}

export class CurrentApiKeyResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;
  name: string;
}

export class CurrentOrganizationResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;
  name: string;
  /** Whether all its data is generated. */
  is_demo: boolean;
}

export class OwnMembershipResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;
  name: string;
  is_demo: boolean;
  /** The user's role in this organisation. */
  @ApiProperty({ enum: ROLES })
  role: Role;
}

/** The caller of the request. */
export class MeResponse {
  /** null for an API key. */
  @ApiProperty({ type: SignedInUserResponse, nullable: true })
  user: SignedInUserResponse | null;
  /** null for a signed-in user. */
  @ApiProperty({ type: CurrentApiKeyResponse, nullable: true })
  api_key: CurrentApiKeyResponse | null;
  organization: CurrentOrganizationResponse;
  @ApiProperty({ enum: ROLES })
  role: Role;
  /** The organisations in which the user may work, the first joined first; empty for an API key. */
  @ApiProperty({ type: [OwnMembershipResponse] })
  organizations: OwnMembershipResponse[];
}
