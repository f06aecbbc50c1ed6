using Aspire.Hosting.ApplicationModel;
using LoadBalancer.Configuration;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>What a balancer is told in a container, where files of the AppHost's machine are not.</summary>
/// <param name="File">The configuration, without the addresses that only whoever deploys knows.</param>
/// <param name="Copies">Files that the container carries: where they are here, by their path below its folder.</param>
/// <param name="Notes">What is otherwise than on the AppHost's machine, and what is left to do.</param>
internal sealed record PublishedConfiguration(ConfigurationFile File, IReadOnlyDictionary<string, string> Copies, IReadOnlyList<string> Notes)
{
    /// <summary>The container's folder of the program and of all that it carries.</summary>
    public const string Folder = "/app";

    /// <summary>The container's folder of files with keys, which whoever deploys mounts.</summary>
    public const string SecretFolder = "/run/certificates";

    private const int DefaultAdminPort = 9080;

    public static PublishedConfiguration Of(LoadBalancerResource balancer)
    {
        var copies = new Dictionary<string, string>(StringComparer.Ordinal);
        var notes = new List<string>();
        var file = balancer.Describe(_ => []);
        file.Services.Clear();
        file.LoadBalancer.Admin.Address = AdminAddress(balancer);
        foreach (var pool in balancer.Pools)
        {
            var options = file.LoadBalancer.Pools[pool.Name];
            // One whose URL is a parameter has no address to give a weight to, until it is deployed.
            foreach (var member in pool.Members.Where(member => member.Resource is not ExternalBackend { Service.UrlParameter: not null }))
            {
                options.Backends.Add(ContainerBuilder.NameOf(pool, member), new() { Weight = member.Weight, Priority = member.Priority, MaxConnections = member.MaxConnections });
            }

            if (options.BackendTls is { } tls)
            {
                options.BackendTls = WithFiles(tls, pool.Name, copies, notes);
            }
        }

        var layer4 = file.LoadBalancer.Layer4.Listeners;
        foreach (var (name, listener) in layer4.Where(listener => listener.Value.Mode == Layer4Mode.Nat).ToArray())
        {
            layer4[name] = listener with { Mode = Layer4Mode.Relay };
            notes.Add($"listener '{name}' relays; its mode Nat needs the host's kernel and CAP_NET_ADMIN.");
        }

        var layer7 = file.LoadBalancer.Layer7;
        foreach (var (name, listener) in layer7.Listeners.ToArray())
        {
            if (listener.Tls is { } tls)
            {
                layer7.Listeners[name] = listener with { Tls = WithFiles(tls, name, copies, notes) };
            }
        }

        if (layer7.AccessLog is { File: { } path } log)
        {
            layer7.AccessLog = log with { File = null };
            notes.Add($"the access log goes to the container's output; its file '{path}' is of this machine.");
        }

        return new(file, copies, notes);
    }

    private static string AdminAddress(LoadBalancerResource balancer)
    {
        var port = DefaultAdminPort;
        while (balancer.Annotations.OfType<EndpointAnnotation>().Any(endpoint => endpoint.TargetPort == port))
        {
            port++;
        }

        return new ListenAddress("localhost", port).Authority;
    }

    private static TlsTerminationOptions WithFiles(TlsTerminationOptions tls, string listener, Dictionary<string, string> copies, List<string> notes)
    {
        if (tls.Certificates.Count == 0)
        {
            notes.Add($"listener '{listener}' has no certificate and presents a self-signed one: there is no developer certificate in a container.");
        }

        return tls with
        {
            Certificates = tls.Certificates.ToDictionary(
                certificate => certificate.Key,
                certificate => certificate.Value with
                {
                    Path = Secret(certificate.Value.Path, $"{listener}-{certificate.Key}", notes),
                    KeyPath = Secret(certificate.Value.KeyPath, $"{listener}-{certificate.Key}.key", notes),
                },
                StringComparer.OrdinalIgnoreCase),
            ClientCertificate = tls.ClientCertificate is { } client
                ? client with { TrustedCa = [.. client.TrustedCa.Select((path, number) => Copy(path, $"{listener}-{number}", copies))] }
                : null,
        };
    }

    private static BackendTlsOptions WithFiles(BackendTlsOptions tls, string pool, Dictionary<string, string> copies, List<string> notes) => tls with
    {
        TrustedCa = tls.TrustedCa is { } path ? Copy(path, pool, copies) : null,
        ClientCertificate = tls.ClientCertificate is { } certificate
            ? certificate with { Path = Secret(certificate.Path, $"{pool}-client", notes), KeyPath = Secret(certificate.KeyPath, $"{pool}-client.key", notes) }
            : null,
    };

    private static string Copy(string path, string name, Dictionary<string, string> copies)
    {
        var target = $"ca/{name}{Path.GetExtension(path)}";
        copies[target] = path;
        return $"{Folder}/{target}";
    }

    // Keys do not go into an image, which anybody may read who can pull it.
    private static string? Secret(string? path, string name, List<string> notes)
    {
        if (path is null)
        {
            return null;
        }

        var target = $"{SecretFolder}/{name}{Path.GetExtension(path)}";
        notes.Add($"mount '{path}' at '{target}'; the image has no keys, and without the file the container does not start.");
        return target;
    }
}
