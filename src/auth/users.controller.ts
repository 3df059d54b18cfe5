import { Body, Controller, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal, type Principal } from '../common/access/index.js';
import { AcceptsUnchangedAnswer } from '../common/http/index.js';
import { PageQuery, pageRequest } from '../common/pagination/index.js';
import { toIso } from '../common/wire.js';
import { CreateUserRequest, UpdateUserRequest } from './user.dto.js';
import { UserListResponse, UserResponse } from './user.response.js';
import { UsersService, type UserFacts } from './users.service.js';

@ApiTags('users')
@Controller('users')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get()
  @Access('admin')
  @ApiOperation({ summary: 'List the members of the organisation, in the order in which they joined' })
  async list(@CurrentPrincipal() principal: Principal, @Query() query: PageQuery): Promise<UserListResponse> {
    const page = await this.users.list(principal.organizationId, pageRequest(query));
    return { items: page.items.map(toResponse), total: page.total, next_cursor: page.nextCursor };
  }

  @Get(':id')
  @Access('admin')
  @ApiOperation({ summary: 'Get a member' })
  async get(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<UserResponse> {
    return toResponse(await this.users.get(principal.organizationId, id));
  }

  @Post()
  @Access('admin')
  @ApiOperation({ summary: 'Add a member, with a new account' })
  @ApiResponse({
    status: 409,
    description: 'The e-mail address already has an account, in this or another organisation.',
  })
  async create(@CurrentPrincipal() principal: Principal, @Body() body: CreateUserRequest): Promise<UserResponse> {
    const { email, role, password } = body;
    return toResponse(
      await this.users.create(principal.organizationId, { email, displayName: body.display_name, role, password }),
    );
  }

  @Patch(':id')
  @Access('admin')
  @ApiOperation({ summary: 'Change the role of a member, or deactivate or activate them' })
  @AcceptsUnchangedAnswer<UsersController>(UpdateUserRequest, (users, principal, { id }) => users.get(principal, id!))
  async change(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Body() body: UpdateUserRequest,
  ): Promise<UserResponse> {
    return toResponse(
      await this.users.change(principal.organizationId, id, { role: body.role, isActive: body.is_active }),
    );
  }
}

function toResponse(user: UserFacts): UserResponse {
  return {
    id: user.id,
    email: user.email,
    display_name: user.displayName,
    role: user.role,
    is_active: user.isActive,
    created_at: toIso(user.createdAt),
  };
}
