import { Body, Controller, Get, Put } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal, type Principal } from '../../common/access/index.js';
import { AcceptsUnchangedAnswer } from '../../common/http/index.js';
import { PutPreferencesBody } from './notification-preference.dto.js';
import { PreferencesResponse } from './notification-preference.response.js';
import { PreferencesService, type Preferences } from './preferences.service.js';
import { userOf } from './user-of.js';

@ApiTags('notifications')
@Controller('notifications/preferences')
export class PreferencesController {
  constructor(private readonly preferences: PreferencesService) {}

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'Get my notification preferences' })
  async get(@CurrentPrincipal() principal: Principal): Promise<PreferencesResponse> {
    return this.toResponse(await this.preferences.get(principal.organizationId, userOf(principal)));
  }

  @Put()
  @Access('viewer')
  @ApiOperation({ summary: 'Replace my notification preferences' })
  @AcceptsUnchangedAnswer<PreferencesController>(PutPreferencesBody, (preferences, principal) =>
    preferences.get(principal),
  )
  async put(@CurrentPrincipal() principal: Principal, @Body() body: PutPreferencesBody): Promise<PreferencesResponse> {
    const wanted: Preferences = {
      minSeverity: body.min_severity,
      ruleTypes: body.rule_types,
      inApp: body.in_app,
      email: body.email,
      digestHour: body.digest_hour,
      timeZone: body.time_zone,
      quietHours: body.quiet_hours,
    };
    return this.toResponse(await this.preferences.put(principal.organizationId, userOf(principal), wanted));
  }

  private toResponse(preferences: Preferences): PreferencesResponse {
    const { minSeverity, ruleTypes, inApp, email, digestHour, timeZone, quietHours } = preferences;
    return {
      min_severity: minSeverity,
      rule_types: ruleTypes,
      in_app: inApp,
      email,
      email_available: this.preferences.isEmailAvailable,
      digest_hour: digestHour,
      time_zone: timeZone,
      quiet_hours: quietHours && { from: quietHours.from, until: quietHours.until },
    };
  }
}
