using System.Text;
using Microsoft.Extensions.Configuration;

namespace LoadBalancer.Configuration.Tests;

/// <summary>Reads JSON text the way the server reads its file, with environment-like keys over it.</summary>
internal static class Reading
{
    /// <summary>A file without a fault that has something of everything, for tests to break.</summary>
    public const string ValidFile = """
        {
          "LoadBalancer": {
            "Pools": {
              "catalog": {
                "Backends": { "catalog-1": { "Address": "127.0.0.1:5001" } },
                "BackendTls": { "TrustedCa": "ca.pem", "ClientCertificate": { "Path": "own.pem" } }
              },
              "echo": {}
            },
            "Layer4": {
              "Listeners": {
                "echo": { "Address": "127.0.0.1:7000", "Pool": "echo" },
                "dns": { "Address": "127.0.0.1:7000", "Protocol": "Udp", "Pool": "echo", "MaxReplies": 1 },
                "tls": {
                  "Address": "127.0.0.1:7443",
                  "TlsRoutes": { "shop": { "ServerNames": ["shop.example.com"], "Protocols": ["h2"], "Pool": "catalog" } },
                  "ProxyProtocol": { "TrustedNetworks": ["10.0.0.0/8"] }
                },
                "kernel": { "Address": "127.0.0.1:7001", "Mode": "Nat", "Pool": "echo" }
              }
            },
            "Layer7": {
              "Listeners": {
                "http": { "Address": "127.0.0.1:8080" },
                "redirect": { "Address": "127.0.0.1:8081", "RedirectToHttps": {} },
                "proxied": { "Address": "127.0.0.1:8082", "ProxyProtocol": { "TrustedNetworks": ["10.0.0.0/8"] } },
                "https": {
                  "Address": "127.0.0.1:8443",
                  "Tls": {
                    "Certificates": { "shop": { "Path": "shop.pem", "ServerNames": ["shop.example"] } },
                    "ClientCertificate": { "TrustedCa": ["clients.pem"] }
                  }
                }
              },
              "Routes": {
                "all": {
                  "Pool": "catalog", "Hosts": ["example.com"], "Methods": ["GET"],
                  "Headers": { "X-Version": [] }, "Cache": {}, "SessionAffinity": {}
                },
                "hashed": {
                  "Path": "/hashed", "Pool": "catalog", "Policy": "ConsistentHash", "HashKey": { "Header": "X-User" },
                  "Split": {}, "Mirror": { "Pool": "catalog" }
                }
              },
              "Cache": { "MaxSize": 2000000000 }
            }
          }
        }
        """;

    public static IConfiguration Configuration(string json, params (string Key, string? Value)[] overrides)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(json));
        return new ConfigurationBuilder()
            .AddJsonStream(stream)
            .AddInMemoryCollection(overrides.ToDictionary(pair => pair.Key, pair => pair.Value))
            .Build();
    }

    public static ConfigurationResult Json(string json, params (string Key, string? Value)[] overrides) =>
        ConfigurationReader.Read(Configuration(json, overrides));

    public static LoadBalancerOptions Valid(string json, params (string Key, string? Value)[] overrides)
    {
        var result = Json(json, overrides);
        Assert.Empty(result.Errors);
        Assert.True(result.IsValid);
        return result.Options;
    }

    /// <summary>The one error of a file that has exactly one.</summary>
    public static ConfigurationError Error(string json, params (string Key, string? Value)[] overrides)
    {
        var result = Json(json, overrides);
        Assert.False(result.IsValid);
        return Assert.Single(result.Errors);
    }
}
