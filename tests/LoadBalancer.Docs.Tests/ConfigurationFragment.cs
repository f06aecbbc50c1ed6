using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using LoadBalancer.Configuration;
using LoadBalancer.Server.Configuration;

namespace LoadBalancer.Docs.Tests;

/// <summary>A piece of a configuration file, made whole.</summary>
internal static class ConfigurationFragment
{
    private const string Name = "sample";

    private static readonly Type[] Records = [.. typeof(LoadBalancerOptions).Assembly.GetExportedTypes().Where(type => type.Name.EndsWith("Options", StringComparison.Ordinal))];

    /// <summary>The files that a fragment can be a part of: one for each place where all its keys are known.</summary>
    /// <param name="values">The fragment: an object, or entries of a list.</param>
    /// <param name="mark">The place, where a comment names it; otherwise empty.</param>
    public static IEnumerable<JsonObject> Whole(IReadOnlyList<JsonNode> values, string mark)
    {
        if (values.All(value => value is JsonObject) && (values.Count > 1 || ((JsonObject)values[0]).All(member => member.Value is JsonValue)))
        {
            yield return At("LoadBalancer:Layer7:Routes:sample:Transforms", new JsonArray([.. values.Select(value => value.DeepClone())]));
        }

        if (values is not [JsonObject fragment])
        {
            yield break;
        }

        if (Has(typeof(ConfigurationFile), fragment))
        {
            yield return (JsonObject)fragment.DeepClone();
        }

        foreach (var (path, type, isEntry) in Places(typeof(LoadBalancerOptions), "LoadBalancer"))
        {
            var fits = isEntry ? fragment.Count > 0 && fragment.All(member => member.Value is JsonObject entry && Has(type, entry)) : Has(type, fragment);
            if (fits && (mark.Length == 0 || mark == path))
            {
                yield return At(path, fragment.DeepClone());
            }
        }
    }

    /// <summary>What the server says of a file, once what the fragment takes for granted is there.</summary>
    public static IReadOnlyList<string> Errors(JsonObject file)
    {
        var directory = Directory.CreateTempSubdirectory("lb-docs-");
        try
        {
            Complete(file, directory.FullName);
            var path = Path.Combine(directory.FullName, "balancer.json");
            File.WriteAllText(path, file.ToJsonString());
            return [.. ConfigurationCandidate.Read(path).Errors.Select(error => error.Replace(path, "", StringComparison.Ordinal))];
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static bool Has(Type type, JsonObject fragment) => fragment.All(member => member.Key == "$schema"
        ? type == typeof(ConfigurationFile)
        : type.GetProperties().Any(property => property.CanWrite && property.Name == member.Key && (member.Value is JsonObject || !Records.Contains(property.PropertyType))));

    private static IEnumerable<(string Path, Type Type, bool IsEntry)> Places(Type type, string path)
    {
        yield return (path, type, false);
        foreach (var property in type.GetProperties().Where(property => property.CanWrite))
        {
            var inner = $"{path}:{property.Name}";
            if (Records.Contains(property.PropertyType))
            {
                foreach (var place in Places(property.PropertyType, inner))
                {
                    yield return place;
                }
            }
            else if (property.PropertyType.IsGenericType && property.PropertyType.GetGenericArguments() is [_, var entry] && Records.Contains(entry))
            {
                yield return (inner, entry, true);
                foreach (var place in Places(entry, $"{inner}:{Name}"))
                {
                    yield return place;
                }
            }
        }
    }

    private static JsonObject At(string path, JsonNode fragment) =>
        (JsonObject)path.Split(':').Reverse().Aggregate(fragment, (inner, key) => new JsonObject { [key] = inner });

    private static void Complete(JsonObject file, string directory)
    {
        var balancer = file["LoadBalancer"] as JsonObject ?? [];
        file["LoadBalancer"] = balancer;
        var listeners = Entries(balancer, "Layer4:Listeners").ToArray();
        var routes = Entries(balancer, "Layer7:Routes").ToArray();
        foreach (var listener in listeners.Concat(Entries(balancer, "Layer7:Listeners")))
        {
            listener["Address"] ??= "127.0.0.1:0";
        }

        // The developer certificate or one in memory is for listeners that name no other; a redirect needs somebody to lead to.
        if (Entries(balancer, "Layer7:Listeners").Any(listener => listener["RedirectToHttps"] is JsonObject { Count: 0 }) && !Entries(balancer, "Layer7:Listeners").Any(listener => listener["Tls"] is not null))
        {
            balancer["Layer7"]!["Listeners"]!["https"] = new JsonObject { ["Address"] = "127.0.0.1:0", ["Tls"] = new JsonObject() };
        }

        foreach (var user in routes.Concat(listeners.Where(listener => listener["TlsRoutes"] is null)))
        {
            user["Pool"] ??= Name;
        }

        var pools = balancer["Pools"] as JsonObject ?? [];
        balancer["Pools"] = pools;
        var users = routes.Concat(listeners).Concat(listeners.SelectMany(listener => Entries(listener, "TlsRoutes"))).Concat(routes.Select(route => route["Mirror"]).OfType<JsonObject>());
        var named = users.Select(user => user["Pool"]?.GetValue<string>()).OfType<string>().Concat(routes.Select(route => route["Split"]?["Pools"]).OfType<JsonObject>().SelectMany(split => split.Select(share => share.Key)));
        foreach (var pool in named.Distinct(StringComparer.OrdinalIgnoreCase).Where(pool => !pools.ContainsKey(pool)).ToArray())
        {
            pools[pool] = new JsonObject();
        }

        var pem = new Lazy<string>(Certificate);
        foreach (var certificate in Entries(balancer, "Layer7:Listeners").SelectMany(listener => Entries(listener, "Tls:Certificates")).Concat(Entries(balancer, "Pools").Select(pool => pool["BackendTls"]).OfType<JsonObject>()))
        {
            foreach (var key in new[] { "Path", "KeyPath", "TrustedCa" })
            {
                Write(certificate[key]);
            }
        }

        foreach (var clients in Entries(balancer, "Layer7:Listeners").Select(listener => listener["Tls"]?["ClientCertificate"]).OfType<JsonObject>())
        {
            foreach (var authority in clients["TrustedCa"] as JsonArray ?? [])
            {
                Write(authority);
            }
        }

        void Write(JsonNode? relative)
        {
            if (relative is not null)
            {
                var path = Path.Combine(directory, relative.GetValue<string>());
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.WriteAllText(path, pem.Value);
            }
        }
    }

    private static IEnumerable<JsonObject> Entries(JsonObject record, string path) =>
        path.Split(':').Aggregate((JsonNode?)record, (node, key) => node?[key]) is JsonObject entries ? entries.Select(entry => entry.Value).OfType<JsonObject>() : [];

    private static string Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=docs", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n";
    }
}
