using System.Reflection;
using Aspire.Hosting.LoadBalancing;

namespace Aspire.Hosting.Tests;

/// <summary>What AppHosts in other languages get, where Aspire's analyzer does not look.</summary>
public sealed class ExportTests
{
    private static readonly Assembly Hosting = typeof(LoadBalancerClient).Assembly;

    public static TheoryData<string> Exports() => [.. Exported().Select(Describe)];

    [Fact]
    public void There_are_both_balancers_and_one_line_for_a_resource_that_is_there()
    {
        var names = Exported().Select(method => method.Name).ToArray();

        Assert.All((string[])["AddLayer4LoadBalancer", "AddLayer7LoadBalancer", "WithLoadBalancer"], name => Assert.Contains(name, names));
    }

    /// <summary>The TypeScript that is generated does not compile otherwise (TS1016).</summary>
    [Theory]
    [MemberData(nameof(Exports))]
    public void What_may_be_left_out_comes_last(string export)
    {
        var parameters = Exported().Single(method => Describe(method) == export).GetParameters();

        Assert.All(parameters.SkipWhile(parameter => !MayBeLeftOut(parameter)), parameter => Assert.True(MayBeLeftOut(parameter), $"{parameter.Name} must be given."));
    }

    [Fact]
    public void Every_name_of_a_builder_leads_to_one_method()
    {
        var names = Exported().Where(method => !method.IsStatic)
            .GroupBy(method => (method.ReflectedType, Name(method)))
            .Where(group => group.Count() > 1);

        Assert.Empty(names.Select(group => group.Key));
    }

    [Fact]
    public void The_program_is_found_beside_an_AppHost_that_was_built_and_in_the_package()
    {
        var files = Directory.CreateTempSubdirectory("server-files-");
        try
        {
            var lib = files.CreateSubdirectory("lib/net10.0").FullName;
            var built = Path.Combine(lib, "loadbalancer-server");
            Assert.Equal(built, ServerFiles.Find(lib));

            var packed = files.CreateSubdirectory("tools/server").FullName;
            File.WriteAllText(Path.Combine(packed, "LoadBalancer.Server.dll"), "");
            Assert.Equal(packed, ServerFiles.Find(lib));

            Directory.CreateDirectory(built);
            File.WriteAllText(Path.Combine(built, "LoadBalancer.Server.dll"), "");
            Assert.Equal(built, ServerFiles.Find(lib));
        }
        finally
        {
            files.Delete(recursive: true);
        }
    }

    private static IEnumerable<MethodInfo> Exported()
    {
        const BindingFlags Any = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance;
        return Hosting.GetTypes()
            .SelectMany(type => type.GetMethods(Any).Where(method => method.DeclaringType!.Assembly == Hosting && IsExported(type, method)));
    }

    private static bool IsExported(Type type, MethodInfo method) =>
        method.GetCustomAttribute<AspireExportIgnoreAttribute>() is null
        && (method.GetCustomAttribute<AspireExportAttribute>() is not null
            || (method.IsPublic && !method.IsStatic && !method.IsSpecialName && type.GetCustomAttribute<AspireExportAttribute>() is { ExposeMethods: true }));

    private static bool MayBeLeftOut(ParameterInfo parameter) =>
        parameter.IsOptional
        || Nullable.GetUnderlyingType(parameter.ParameterType) is not null
        || new NullabilityInfoContext().Create(parameter).WriteState == NullabilityState.Nullable;

    private static string Name(MethodInfo method) =>
        method.GetCustomAttribute<AspireExportAttribute>() is { } export && (export.MethodName ?? export.Id) is { } name ? name.ToUpperInvariant() : method.Name.ToUpperInvariant();

    private static string Describe(MethodInfo method) =>
        $"{method.ReflectedType!.Name}.{method.Name}({string.Join(", ", method.GetParameters().Select(parameter => parameter.ParameterType.Name))})";
}
