using LoadBalancer.Configuration;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>
/// Writes a balancer as resources of the Kubernetes Gateway API: a Gateway with a listener for each of the balancer's,
/// and a route for each route. See https://gateway-api.sigs.k8s.io/reference/spec/.
/// </summary>
internal static class GatewayMapping
{
    private const string Http = "HTTP";
    private const string Https = "HTTPS";

    /// <returns>The Gateway, then its routes. What none of them does is in their notes.</returns>
    public static IReadOnlyList<GatewayResource> Of(GatewayModel model)
    {
        var names = new GatewayNames();
        var sections = new GatewayNames();
        var listeners = new List<object>();
        var notes = new List<string>();
        var routes = new List<GatewayResource>();
        foreach (var (name, pool) in model.Options.Pools)
        {
            notes.AddRange(NotesOn(name, pool, model.Pools[name]));
        }

        MapLayer7(model, names, sections, listeners, routes, notes);
        foreach (var (name, listener) in model.Options.Layer4.Listeners)
        {
            routes.AddRange(StreamRouteMapping.Of(model, name, listener, names, sections, listeners, notes));
        }

        var spec = new Dictionary<string, object> { ["gatewayClassName"] = model.Target.GatewayClass, ["listeners"] = listeners };
        return [new("v1", "Gateway", GatewayNames.Label(model.Name), spec, notes), .. routes];
    }

    private static void MapLayer7(GatewayModel model, GatewayNames names, GatewayNames sections, List<object> listeners, List<GatewayResource> routes, List<string> notes)
    {
        var layer7 = model.Options.Layer7;
        if (layer7.Listeners.Count == 0)
        {
            return;
        }

        notes.AddRange(OptionsDifference
            .Between(new(), layer7, ConfigurationJsonContext.Default.Layer7Options, nameof(Layer7Options.Listeners), nameof(Layer7Options.Routes))
            .Select(key => GatewayNotes.Of($"'{model.Name}'", key)));
        var serving = new List<Dictionary<string, object>>();
        foreach (var (name, listener) in layer7.Listeners)
        {
            var section = sections.Of(name);
            listeners.Add(ListenerOf(model, name, section, listener, notes));
            var parent = new Dictionary<string, object> { ["name"] = GatewayNames.Label(model.Name), ["sectionName"] = section };
            if (listener.RedirectToHttps is not { } redirect)
            {
                serving.Add(parent);
            }
            else
            {
                var https = layer7.Listeners.First(other => other.Value.Tls is not null).Key;
                routes.Add(new HttpRouteMapping(model, names, [parent]).RedirectOf(name, redirect, model.Ports[https]));
            }
        }

        // Every listener serves every route; then no name is needed.
        if (serving.Count == layer7.Listeners.Count)
        {
            serving = [new() { ["name"] = GatewayNames.Label(model.Name) }];
        }

        var mapping = new HttpRouteMapping(model, names, serving);
        foreach (var (name, route) in layer7.Routes)
        {
            routes.AddRange(mapping.Of(name, route, notes));
        }
    }

    private static Dictionary<string, object> ListenerOf(GatewayModel model, string name, string section, Layer7ListenerOptions listener, List<string> notes)
    {
        var defaults = new Layer7ListenerOptions { Tls = listener.Tls is null ? null : new() };
        notes.AddRange(OptionsDifference
            .Between(defaults, listener, ConfigurationJsonContext.Default.Layer7ListenerOptions, nameof(Layer7ListenerOptions.Address), nameof(Layer7ListenerOptions.RedirectToHttps), "Tls:Certificates")
            .Select(key => GatewayNotes.Of($"listener '{name}'", key)));
        var written = new Dictionary<string, object> { ["name"] = section, ["port"] = model.Ports[name], ["protocol"] = listener.Tls is null ? Http : Https };
        if (listener.Tls is { } tls)
        {
            var secrets = SecretsOf(model, name, tls);
            written["tls"] = new Dictionary<string, object>
            {
                ["mode"] = "Terminate",
                ["certificateRefs"] = secrets.Select(secret => new Dictionary<string, object> { ["name"] = secret }).ToList<object>(),
            };
            if (!model.Target.Secrets.ContainsKey(name))
            {
                notes.Add($"listener '{name}': its certificates must be in the cluster as Secrets of the type kubernetes.io/tls: {string.Join(", ", secrets)}");
            }
        }

        return written;
    }

    private static string[] SecretsOf(GatewayModel model, string listener, TlsTerminationOptions tls) =>
        model.Target.Secrets.TryGetValue(listener, out var given) ? given
        : tls.Certificates.Count == 0 ? [GatewayNames.Label($"{model.Name}-{listener}-tls")]
        : [.. tls.Certificates.Keys.Select(certificate => GatewayNames.Label($"{model.Name}-{listener}-{certificate}"))];

    private static IEnumerable<string> NotesOn(string name, PoolOptions pool, GatewayPool known)
    {
        var subject = $"pool '{name}'";
        var keys = OptionsDifference.Between(BackendPool.Defaults, pool, ConfigurationJsonContext.Default.PoolOptions, nameof(PoolOptions.Service), nameof(PoolOptions.Backends));
        foreach (var key in keys)
        {
            yield return GatewayNotes.Of(subject, key);
        }

        if (known.Scheme == "https" && pool.BackendTls is null)
        {
            yield return $"{subject}: its backends are asked in clear text until a BackendTLSPolicy names their Service";
        }

        if (known.Backends.Count > BackendRefs.FirstTier(known).Length)
        {
            yield return $"{subject}: its backends of higher priority numbers are left out: the standard has no tiers";
        }
    }
}
