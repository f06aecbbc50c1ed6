using System.Text;
using BenchmarkDotNet.Attributes;
using LoadBalancer.Configuration;
using Microsoft.Extensions.Configuration;

namespace Micro;

/// <summary>Binding and validating a configuration that has been parsed, as at start and at every reload.</summary>
[MemoryDiagnoser]
public class ConfigurationBenchmark
{
    private IConfiguration _configuration = null!;

    [Params(1, 10, 100, 1000)]
    public int Routes { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var file = new ConfigurationFile();
        file.LoadBalancer.Layer7.Listeners["edge"] = new() { Address = "127.0.0.1:8080" };
        file.LoadBalancer.Pools["pool"] = new();
        file.Services["pool"] = new() { ["http"] = ["http://127.0.0.1:5001", "http://127.0.0.1:5002"] };
        for (var route = 0; route < Routes; route++)
        {
            file.LoadBalancer.Layer7.Routes[$"route-{route}"] = new() { Path = $"/service-{route}/{{**rest}}", Pool = "pool" };
        }

        _configuration = new ConfigurationBuilder().AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(file.ToJson()))).Build();
    }

    [Benchmark]
    public ConfigurationResult Read() => ConfigurationReader.Read(_configuration);
}
