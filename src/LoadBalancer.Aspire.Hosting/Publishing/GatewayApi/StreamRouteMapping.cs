using LoadBalancer.Configuration;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>Writes listeners of Layer 4 as TCPRoutes, UDPRoutes and TLSRoutes.</summary>
internal static class StreamRouteMapping
{
    private const string Stable = "v1";
    private const string Alpha = "v1alpha2";

    public static IEnumerable<GatewayResource> Of(
        GatewayModel model,
        string name,
        Layer4ListenerOptions listener,
        GatewayNames names,
        GatewayNames sections,
        List<object> listeners,
        List<string> notes)
    {
        var subject = $"listener '{name}'";
        var section = sections.Of(name);
        var own = OptionsDifference
            .Between(
                new() { Protocol = listener.Protocol },
                listener,
                ConfigurationJsonContext.Default.Layer4ListenerOptions,
                nameof(Layer4ListenerOptions.Address),
                nameof(Layer4ListenerOptions.Pool),
                nameof(Layer4ListenerOptions.TlsRoutes))
            .Select(key => GatewayNotes.Of(subject, key))
            .ToList();
        var parent = new Dictionary<string, object> { ["name"] = GatewayNames.Label(model.Name), ["sectionName"] = section };
        if (listener.TlsRoutes.Count > 0)
        {
            var tls = TlsRoutesOf(model, name, listener, names, parent, own);
            listeners.Add(ListenerOf(model, name, section, "TLS"));
            // Nobody but the Gateway is left to say it.
            notes.AddRange(tls.Count == 0 ? own : []);
            return tls.Select((route, number) => number == 0 ? route with { Notes = own } : route).ToArray();
        }

        var isUdp = listener.Protocol == Layer4Protocol.Udp;
        listeners.Add(ListenerOf(model, name, section, isUdp ? "UDP" : "TCP"));
        var version = model.Target.Version >= GatewayApiVersion.V16 ? Stable : Alpha;
        return [new(version, isUdp ? "UDPRoute" : "TCPRoute", names.Of($"{model.Name}-{name}"), SpecOf(model, parent, listener.Pool!, subject, own), own)];
    }

    private static List<GatewayResource> TlsRoutesOf(GatewayModel model, string name, Layer4ListenerOptions listener, GatewayNames names, Dictionary<string, object> parent, List<string> notes)
    {
        var routes = new List<GatewayResource>();
        foreach (var (key, route) in listener.TlsRoutes)
        {
            var subject = $"TLS route '{key}' of listener '{name}'";
            if (route.Protocols.Length > 0)
            {
                notes.Add($"{subject} is left out: it asks for application protocols (ALPN), which cannot be matched, and without that it would take other connections");
            }
            else if (route.ServerNames.Length == 0 && NeedsHostnames(model))
            {
                notes.Add($"{subject} is left out: it takes every server name, and a TLSRoute must have hostnames");
            }
            else
            {
                routes.Add(TlsRoute(model, names.Of($"{model.Name}-{name}-{key}"), parent, route.Pool!, route.ServerNames, subject, notes));
            }
        }

        if (listener.Pool is { } pool)
        {
            if (NeedsHostnames(model))
            {
                notes.Add($"listener '{name}': Pool '{pool}' is not mapped: a TLSRoute must have hostnames, so that connections that no TLS route takes are closed");
            }
            else
            {
                routes.Add(TlsRoute(model, names.Of($"{model.Name}-{name}"), parent, pool, [], $"listener '{name}'", notes));
            }
        }

        return routes;
    }

    private static GatewayResource TlsRoute(GatewayModel model, string name, Dictionary<string, object> parent, string pool, string[] serverNames, string subject, List<string> notes)
    {
        var spec = SpecOf(model, parent, pool, subject, notes);
        if (serverNames.Length > 0)
        {
            spec["hostnames"] = serverNames.Select(serverName => serverName.ToLowerInvariant()).Distinct().ToList<object>();
        }

        return new(NeedsHostnames(model) ? Stable : Alpha, "TLSRoute", name, spec, []);
    }

    // Since it is v1.
    private static bool NeedsHostnames(GatewayModel model) => model.Target.Version >= GatewayApiVersion.V15;

    private static Dictionary<string, object> SpecOf(GatewayModel model, Dictionary<string, object> parent, string pool, string subject, List<string> notes) => new()
    {
        ["parentRefs"] = new List<object> { parent },
        ["rules"] = new List<object> { new Dictionary<string, object> { ["backendRefs"] = BackendRefs.Of([(model.Pools[pool], 100)], subject, notes) } },
    };

    private static Dictionary<string, object> ListenerOf(GatewayModel model, string name, string section, string protocol)
    {
        var listener = new Dictionary<string, object> { ["name"] = section, ["port"] = model.Ports[name], ["protocol"] = protocol };
        if (protocol == "TLS")
        {
            listener["tls"] = new Dictionary<string, object> { ["mode"] = "Passthrough" };
        }

        return listener;
    }
}
