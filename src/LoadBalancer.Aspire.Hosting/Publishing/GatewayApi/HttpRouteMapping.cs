using LoadBalancer.Configuration;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>Writes routes of Layer 7 as HTTPRoutes: one each, since hosts are of the whole HTTPRoute.</summary>
internal sealed class HttpRouteMapping(GatewayModel model, GatewayNames names, IReadOnlyList<Dictionary<string, object>> parents)
{
    private const string Version = "v1";
    private const string Kind = "HTTPRoute";
    private const int MaxRules = 16;

    /// <returns>None where the route cannot be written; more than one where it has more rules than an HTTPRoute may have.</returns>
    public IEnumerable<GatewayResource> Of(string name, RouteOptions route, List<string> leftOut)
    {
        var subject = $"route '{name}'";
        var path = PathMatch.Of(route.Path);
        if (RouteMatches.ObjectionTo(route, path) is { } objection)
        {
            leftOut.Add($"{subject} is left out: {objection}, and without that it would take other requests");
            return [];
        }

        var notes = OptionsDifference.Between(DefaultsOf(route), route, ConfigurationJsonContext.Default.RouteOptions, MappedOf(route)).Select(key => GatewayNotes.Of(subject, key)).ToList();
        AddNotes(route, subject, notes);
        var hosts = RouteMatches.HostsOf(route, subject, notes);
        var matches = RouteMatches.Of(route, path!, subject, notes);
        var filters = new RouteFilters(route, path!, subject, notes);
        var rest = RestOf(route, subject, notes);
        var all = filters.ToFilters().Concat(MirrorOf(route, subject, notes)).ToList<object>();
        IEnumerable<Dictionary<string, object>[]> groups = filters.NeedOneMatch ? matches.Select(match => new[] { match }) : [[.. matches]];
        var rules = groups.Select(group => RuleOf(group, all, rest)).ToArray();
        return rules.Chunk(MaxRules).Select((chunk, number) => Resource(names.Of($"{model.Name}-{name}"), hosts, chunk, number == 0 ? notes : [])).ToArray();
    }

    /// <summary>A route that sends every request of a listener to HTTPS.</summary>
    public GatewayResource RedirectOf(string listener, HttpsRedirectOptions redirect, int httpsPort)
    {
        var notes = new List<string>();
        var filter = new Dictionary<string, object> { ["scheme"] = "https", ["port"] = redirect.Port ?? httpsPort, ["statusCode"] = 308 };
        if (model.Target.Version == GatewayApiVersion.V14)
        {
            filter["statusCode"] = 301;
            notes.Add($"listener '{listener}': redirects have the status 301, with which clients may send a POST again as a GET; 308 is of version 1.5");
        }

        var rule = new Dictionary<string, object> { ["filters"] = new List<object> { new Dictionary<string, object> { ["type"] = "RequestRedirect", ["requestRedirect"] = filter } } };
        return Resource(names.Of($"{model.Name}-{listener}-redirect"), [], [rule], notes);
    }

    private static Dictionary<string, object> RuleOf(Dictionary<string, object>[] matches, List<object> filters, Dictionary<string, object> rest)
    {
        var rule = new Dictionary<string, object> { ["matches"] = matches.ToList<object>() };
        if (filters.Count > 0)
        {
            rule["filters"] = filters;
        }

        foreach (var (key, value) in rest)
        {
            rule[key] = value;
        }

        return rule;
    }

    private GatewayResource Resource(string name, List<object> hosts, Dictionary<string, object>[] rules, IReadOnlyList<string> notes)
    {
        var spec = new Dictionary<string, object> { ["parentRefs"] = parents.ToList<object>() };
        if (hosts.Count > 0)
        {
            spec["hostnames"] = hosts;
        }

        spec["rules"] = rules.ToList<object>();
        return new(Version, Kind, name, spec, notes);
    }

    private Dictionary<string, object> RestOf(RouteOptions route, string subject, List<string> notes)
    {
        var rest = new Dictionary<string, object>();
        var shares = route.Split?.Pools ?? [];
        List<(GatewayPool, int)> pools = [(model.Pools[route.Pool!], 100 - shares.Values.Sum()), .. shares.Select(share => (model.Pools[share.Key], share.Value))];
        rest["backendRefs"] = BackendRefs.Of(pools, subject, notes);
        var timeouts = new Dictionary<string, object>();
        if (route.Timeouts.Total is { } total)
        {
            timeouts["request"] = GatewayDuration.Of(total);
        }

        if (route.Timeouts.FirstByte is { } first)
        {
            timeouts["backendRequest"] = GatewayDuration.Of(first);
            notes.Add($"{subject}: Timeouts:FirstByte is mapped to backendRequest, which counts to the end of the answer and not to its headers");
        }

        if (timeouts.Count > 0)
        {
            rest["timeouts"] = timeouts;
        }

        if (IsRetried(route))
        {
            var retry = new Dictionary<string, object> { ["attempts"] = route.Retry.Attempts - 1 };
            if (route.Retry.BackOff > TimeSpan.Zero)
            {
                retry["backoff"] = GatewayDuration.Of(route.Retry.BackOff);
            }

            if (route.Retry.Statuses.Length > 0)
            {
                retry["codes"] = route.Retry.Statuses.Distinct().Cast<object>().ToList();
            }

            rest["retry"] = retry;
        }

        if (IsSticky(route))
        {
            rest["sessionPersistence"] = PersistenceOf(route);
        }

        return rest;
    }

    private static Dictionary<string, object> PersistenceOf(RouteOptions route)
    {
        var affinity = route.SessionAffinity!;
        if (affinity.Mode == SessionAffinityMode.Header)
        {
            return new() { ["type"] = "Header", ["sessionName"] = affinity.Header };
        }

        var persistence = new Dictionary<string, object> { ["type"] = "Cookie", ["sessionName"] = affinity.CookieFor(route.Pool!) };
        if (affinity.Expiry is { } expiry)
        {
            persistence["absoluteTimeout"] = GatewayDuration.Of(expiry);
            persistence["cookieConfig"] = new Dictionary<string, object> { ["lifetimeType"] = "Permanent" };
        }

        return persistence;
    }

    private IEnumerable<Dictionary<string, object>> MirrorOf(RouteOptions route, string subject, List<string> notes)
    {
        if (route.Mirror is not { Pool: { } pool } mirror)
        {
            yield break;
        }

        var backends = BackendRefs.FirstTier(model.Pools[pool]);
        if (backends.Length > 1)
        {
            notes.Add($"{subject}: copies go to '{backends[0].Service}' alone; a mirror has one Service");
        }

        var filter = new Dictionary<string, object> { ["backendRef"] = BackendRefs.Ref(backends[0]) };
        if (mirror.Percent < 100)
        {
            filter["percent"] = mirror.Percent;
        }

        yield return new() { ["type"] = "RequestMirror", ["requestMirror"] = filter };
    }

    private void AddNotes(RouteOptions route, string subject, List<string> notes)
    {
        if (route.Order is not null)
        {
            notes.Add($"{subject}: Order is not mapped: the standard ranks routes by host, path, method, headers and query");
        }

        if (route.Split is { Sticky: true })
        {
            notes.Add($"{subject}: Split:Sticky is not mapped: every request is given to a pool anew");
        }

        if (route.SessionAffinity is { } affinity && !IsSticky(route))
        {
            notes.Add($"{subject}: SessionAffinity {(affinity.Mode == SessionAffinityMode.Source ? "by address is not mapped: the standard has cookies and headers" : GatewayNotes.Experimental)}");
        }

        if (!model.Target.IsExperimental && OptionsDifference.Between(new(), route.Retry, ConfigurationJsonContext.Default.RetryOptions).Any())
        {
            notes.Add($"{subject}: Retry {GatewayNotes.Experimental}");
        }
    }

    private bool IsRetried(RouteOptions route) => model.Target.IsExperimental && route.Retry.Attempts > 1;

    private bool IsSticky(RouteOptions route) => model.Target.IsExperimental && route.SessionAffinity is { Mode: SessionAffinityMode.Cookie or SessionAffinityMode.Header };

    // What is there only where it is asked for is compared with what it starts with, so that only its own keys are told.
    private static RouteOptions DefaultsOf(RouteOptions route) => new()
    {
        Split = route.Split is null ? null : new(),
        Mirror = route.Mirror is null ? null : new(),
        SessionAffinity = route.SessionAffinity is null ? null : new(),
    };

    private string[] MappedOf(RouteOptions route) =>
    [
        nameof(RouteOptions.Path), nameof(RouteOptions.Hosts), nameof(RouteOptions.Methods), nameof(RouteOptions.Headers), nameof(RouteOptions.Query),
        nameof(RouteOptions.Cookies), nameof(RouteOptions.Pool), nameof(RouteOptions.RemovePrefix), nameof(RouteOptions.Transforms), nameof(RouteOptions.Order),
        "Split:Pools", "Split:Sticky", "Split:Cookie", "Mirror:Pool", "Mirror:Percent", "Timeouts:Total", "Timeouts:FirstByte",
        .. model.Target.IsExperimental ? ["Retry:Attempts", "Retry:BackOff", "Retry:Statuses"] : new[] { "Retry" },
        .. IsSticky(route) ? ["SessionAffinity:Mode", "SessionAffinity:Cookie", "SessionAffinity:Header", "SessionAffinity:Expiry"] : new[] { "SessionAffinity" },
    ];
}
